"""What an event costs: of a chip, of a published convention, or from a user's own table."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from neuroloop.chips import profile
from neuroloop.chips.profile import Figure, Status
from neuroloop.core.errors import ConfigError, nearest

TABLES = Path(__file__).parent / "tables"
PROCESSOR = "cpu_i7_4960x"
"""the table that the float backend is shown with"""
EVENTS = (
    *("synop", "active_update", "inactive_update", "spike"),
    *("hop", "hop_east_west", "hop_north_south"),
)
"""that have an energy, ``synop_pj``, and a time, ``synop_ns``"""
FIGURES = frozenset(
    (*(f"{event}_{unit}" for event in EVENTS for unit in ("pj", "ns")), "static_mw", "barrier_ns")
)
"""that an account is made of"""
_ABSENT = Figure(Status.UNKNOWN, "no figure was found")


@dataclass(frozen=True)
class Tariff:
    """Figures by event, as in `chips.profile.Profile.figures`."""

    name: str
    """of the chip or the table"""
    figures: Mapping[str, Figure] = field(default_factory=dict)

    def figure(self, name: str) -> Figure:
        """Return a figure; what nobody named is unknown."""
        return self.figures.get(name, _ABSENT)


def tables() -> list[str]:
    """Return the names of the tables that come along."""
    return sorted(path.stem for path in TABLES.glob("*.toml"))


def chip_of(backend: str, variant: str = "") -> str | None:
    """Return the chip whose arithmetic a backend computes in; None where it is no chip's.

    A backend is named as its chip, or as its chip and a reading of it: ``loihi1``,
    ``loihi1_nengo``; ``variant`` is the one that its settings name, of a family of chips.
    """
    plain = backend.replace("-", "_")
    known = profile.names()
    if f"{plain}_{variant}" in known:
        return f"{plain}_{variant}"
    fitting = [name for name in known if plain == name or plain.startswith(f"{name}_")]
    family = [name for name in known if name.startswith(f"{plain}_")]
    return max(fitting, key=len, default=family[0] if family else None)


def tariff(
    backend: str, own: str | None = None, folder: Path = Path(), variant: str = ""
) -> Tariff | None:
    """Return what events cost on a backend; None where nothing is known of it, nor given.

    Parameters
    ----------
    backend
        A file in ``neuroloop/backends``, or the name of a chip.
    own
        A table in place of the chip's figures, as far as it names them: a file, or the name of
        one of `tables`.
    folder
        Where the path of a file starts.
    variant
        Of the chip, as in `chip_of`.

    Raises
    ------
    ConfigError
        Where there is no such table, it is something else, or it names what no account has.
    """
    chip = chip_of(backend, variant)
    known = dict(profile.load(chip).figures) if chip is not None else {}
    if own is None:
        return Tariff(chip, known) if chip is not None else None
    given = profile.figures_of(_place(own, folder))
    for figure in sorted(given.keys() - FIGURES):
        raise ConfigError(f'energy: {own}: no figure "{figure}"{nearest(figure, FIGURES)}')
    name = f"{chip} with {own}" if chip is not None else own
    return Tariff(name, {**known, **given})


def of_table(name: str) -> Tariff:
    """Return a table that comes along."""
    return Tariff(name, profile.figures_of(_place(name, Path())))


def _place(own: str, folder: Path) -> Path:
    """Return where a table is: a file of the user's, or one that comes along."""
    path = folder / own
    if path.is_file() or path.suffix == ".toml" or len(Path(own).parts) > 1:
        return path
    if own not in tables():
        raise ConfigError(
            f'energy: no file {path}, and no table "{own}" comes along{nearest(own, tables())}'
        )
    return TABLES / f"{own}.toml"
