"""What is known of a chip: its limits, and what an event costs, each figure with its source.

Profiles are the files of ``neuroloop/chips/profiles``; a table of one's own replaces figures.
"""

import enum
import math
from functools import cache
from pathlib import Path

import msgspec

from neuroloop.config import toml
from neuroloop.core.errors import ConfigError, nearest

_FOLDER = Path(__file__).parent / "profiles"


class Status(enum.StrEnum):
    """How a figure was found."""

    MEASURED = "measured"
    SIMULATED = "simulated"
    ASSUMED = "assumed"
    UNKNOWN = "unknown"


class Figure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A number, or the word that nobody knows it."""

    status: Status
    source: str
    value: float | None = None
    """in the unit that ends the figure's name; None where it is unknown"""

    def __post_init__(self) -> None:
        known = self.value is not None and math.isfinite(self.value) and self.value >= 0
        if known == (self.status == Status.UNKNOWN):
            raise ValueError(f"a figure that is {self.status} has the value {self.value}")


class Limit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much of something there is."""

    most: int
    source: str
    each: tuple[int, ...] = ()
    """one a core, where cores differ; ``most`` is the largest of them"""


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A chip."""

    name: str
    title: str
    cores: Limit
    layer_ticks: int
    """ticks that the hardware adds from a population to the next one"""
    limits: dict[str, Limit]
    """of one core, by what is limited: ``neurons``, ``axons_in``, ``axons_out``, ``synapse_bits``
    ...; and of the whole chip, by names that begin with ``chip_``; what is not named is not
    known"""
    figures: dict[str, Figure]
    """by event: ``synop_pj``, ``active_update_pj``, ``inactive_update_pj``, ``spike_pj``,
    ``hop_pj``, ``static_mw``; and ``synop_ns`` ... for the time they take, ``barrier_ns``"""

    def limit(self, name: str) -> int | None:
        """Return how much of something there is; None where that is not known."""
        return self.limits[name].most if name in self.limits else None

    def figure(self, name: str) -> Figure:
        """Return a figure; what the file does not name is unknown."""
        return self.figures.get(name, Figure(Status.UNKNOWN, "no figure was found"))


@cache
def names() -> list[str]:
    """Return the chips that there are."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


@cache
def load(name: str) -> Profile:
    """Return a chip by its name.

    Raises
    ------
    ConfigError
        Where there is none of that name.
    """
    if name not in names():
        raise ConfigError(f'no chip "{name}"{nearest(name, names())}')
    return msgspec.toml.decode((_FOLDER / f"{name}.toml").read_bytes(), type=Profile)


def figures_of(path: Path) -> dict[str, Figure]:
    """Read a user's table: ``[NAME] value, status, source`` a figure.

    Raises
    ------
    ConfigError
        Where it is missing, or something else.
    """
    try:
        return toml.decode(path, dict[str, Figure])
    except ConfigError as error:
        raise ConfigError(
            f"{error}; a table of figures has [synop_pj] with value = 23.6, "
            'status = "measured" and source = "..."'
        ) from error
