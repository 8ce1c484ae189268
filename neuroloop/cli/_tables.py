"""Tables of figures that a user gives a chip: the texts of ``--energy``."""

from collections.abc import Sequence


def tables_of(texts: Sequence[str], chips: Sequence[str]) -> dict[str, str]:
    """Return what ``CHIP=TABLE`` texts say of some of ``chips``.

    Raises
    ------
    ConfigError
        Where a text is something else, or names another chip.
    """
    from neuroloop.core.errors import ConfigError, nearest

    tables = {}
    for text in texts:
        chip, equals, table = text.partition("=")
        chip = chip.replace("-", "_")
        if not equals or not table:
            raise ConfigError(f"--energy {text}: CHIP=TABLE is wanted, as in loihi1=mine.toml")
        if chip not in chips:
            raise ConfigError(f'--energy {text}: "{chip}" does not run{nearest(chip, chips)}')
        tables[chip] = table
    return tables
