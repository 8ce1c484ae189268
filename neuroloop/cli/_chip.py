"""The chip that an option names."""


def backends() -> list[str]:
    """Return the backends that compute as a chip does, as a run file names them."""
    from neuroloop.chips.energy.tariff import chip_of
    from neuroloop.config import resolve

    return [kind for kind in resolve.kinds("engine") if chip_of(kind)]


def backend_of(text: str, option: str) -> str:
    """Return the backend that ``text`` names, which may be written ``loihi1-nengo``.

    Raises
    ------
    ConfigError
        Where it names none; the words say which there are, and which was meant where that is clear.
    """
    from neuroloop.chips import profile
    from neuroloop.chips.energy.tariff import chip_of
    from neuroloop.core.errors import ConfigError, nearest

    known, plain = backends(), text.lower().replace("-", "_")
    if text.replace("-", "_") in known:
        return text.replace("-", "_")
    titles = {backend: profile.load(chip_of(backend) or backend).title for backend in known}
    meant = [f'{title} is "{b}"' for b, title in titles.items() if plain in _words(title)]
    hint = f" ({', '.join(meant)})" if meant else nearest(plain, known)
    raise ConfigError(f'{option}: no chip "{text}"{hint}')


def _words(title: str) -> list[str]:
    """Return the words of a chip's name, as in DYNAP-CNN (Speck)."""
    return title.lower().replace("(", "").replace(")", "").replace("-", "_").split()
