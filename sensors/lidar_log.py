"""A range finder's recording: a text file, one scan a line, numbers apart by white space or commas.

First the time in microseconds, then any other columns, then the ranges; 0 is no measurement unless
``zero`` says that it is nothing within range.  This is the form of the published logs of Hokuyo
scanners, and of `neuroloop.record.lidar_log`.
"""

import logging
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
from msgspec import Meta, Struct
from numpy.typing import NDArray

from neuroloop.core.body import NotNegative, Positive
from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Site
from neuroloop.core.values import Float32s, Ranges, SourceSpec
from sensors import _bearings
from sensors._distances import Meaning, Zero

_log = logging.getLogger(__name__)

_MOST_BYTES = 1 << 28
_MOST_LINE_BYTES = 1 << 20
_MOST_US = 1e15
"""thirty years: a larger number is not a time"""

Row = NDArray[np.float64]


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of the sensor; angles and limits are first those of a Hokuyo URG-04LX."""

    path: str
    """a path beside the run file"""
    first_column: Annotated[int, Meta(ge=2, le=100_000)] = 2
    """of the ranges; the time is column 1"""
    beams: Annotated[int, Meta(ge=1, le=100_000)] | None = None
    """how many columns are ranges; left out, all from ``first_column`` on"""
    unit_m: Positive = 0.001
    """metres of a range of 1"""
    fov_deg: Annotated[float, Meta(gt=0, le=360)] = 240.0
    min_m: NotNegative = 0.02
    """below it there is no measurement: scanners write error codes there"""
    max_m: Positive = 5.6
    """beyond it there is nothing within range"""
    zero: Zero = "no_measurement"
    """what a range of 0 means; scanners differ"""
    direction: Literal["right_to_left", "left_to_right"] = "right_to_left"
    """from the first range to the last; scanners that turn counter-clockwise start on the right"""


class LidarLog:
    """Yields the scans of one file, each from left to right; a context manager.

    Attributes
    ----------
    skipped
        Lines that were no scan: text, another number of columns, a time that goes back.
    """

    def __init__(self, config: Config, site: Site) -> None:
        self._config, self._name = config, site.name
        self._path = site.folder / config.path
        self._meaning = Meaning(config.unit_m, config.min_m, config.max_m, config.zero)
        self._t_us: list[int] = []
        self._metres: list[Float32s] = []
        self._bearing_rad: Float32s = np.empty(0, np.float32)
        self._next = 0
        self.skipped = 0

    def __enter__(self) -> Self:
        """Read the whole file."""
        config = self._config
        self._meaning.check()
        rows = list(_rows(self._path))
        width = _width(rows, self._path)
        first = config.first_column - 1
        beams = config.beams or width - first
        if not 0 < beams <= width - first:
            raise ConfigError(
                f"`first_column`: {self._path} has {width} columns; at least {max(beams, 1)} from"
                f" column {config.first_column} on are wanted"
            )
        for row in rows:
            if row is None or len(row) != width or not self._keep(row, first, first + beams):
                self.skipped += 1
        if not self._t_us:
            raise ConfigError(f"`path`: {self._path}: no line of it starts with a time and a scan")
        if self.skipped:
            _log.warning(
                "%s: %d of %d lines are no scan and were skipped",
                self._path,
                self.skipped,
                len(rows),
            )
        self._bearing_rad = _bearings.of_beams(beams, config.fov_deg)
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is held open."""

    @property
    def spec(self) -> SourceSpec:
        """What it yields; known once it is open."""
        period_us = float(np.median(np.diff(self._t_us))) if len(self._t_us) > 1 else 0.0
        return SourceSpec(
            name=self._name,
            reading=Ranges,
            shape=self._bearing_rad.shape,
            rate_hz=1e6 / period_us if period_us else 0.0,
            unit="m",
            low=self._config.min_m,
            high=self._config.max_m,
            bearing_rad=self._bearing_rad,
        )

    @property
    def ended(self) -> bool:
        """Whether the last scan was returned."""
        return self._next == len(self._t_us)

    def read(self, until_us: int) -> list[Ranges]:
        """Return the scans stamped before ``until_us``; the first is stamped 0."""
        scans = []
        while not self.ended and self._t_us[self._next] - self._t_us[0] < until_us:
            t_us = self._t_us[self._next] - self._t_us[0]
            scans.append(Ranges(t_us, self._metres[self._next], self._bearing_rad))
            self._next += 1
        return scans

    def snapshot(self) -> bytes:
        """Return the number of the next scan."""
        return self._next.to_bytes(8, "little")

    def restore(self, state: bytes) -> None:
        """Go back to a snapshot."""
        self._next = int.from_bytes(state, "little")

    def _keep(self, row: Row, first: int, last: int) -> bool:
        """Keep a scan, if its time is one and does not go back."""
        config = self._config
        if not abs(row[0]) < _MOST_US or (self._t_us and row[0] < self._t_us[-1]):
            return False
        metres = self._meaning.metres(row[first:last])
        self._t_us.append(int(row[0]))
        leftward = config.direction == "right_to_left"
        self._metres.append(metres[::-1].copy() if leftward else metres)
        return True


def build(config: Config, site: Site) -> LidarLog:
    """Return a source of `Ranges`, to be entered before it is read."""
    return LidarLog(config, site)


def _rows(path: Path) -> Iterator[Row | None]:
    """Yield the numbers of each line that is not blank, None for a line that holds others."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ConfigError(
                f"`path`: {path}: larger than {_MOST_BYTES >> 20} MiB; cut it into shorter logs"
            )
        with path.open("rb") as file:
            while line := file.readline(_MOST_LINE_BYTES):
                whole = len(line) < _MOST_LINE_BYTES or line.endswith(b"\n")
                if line.strip():
                    yield _numbers(line) if whole else None
                while not whole:
                    rest = file.readline(_MOST_LINE_BYTES)
                    whole = len(rest) < _MOST_LINE_BYTES or rest.endswith(b"\n")
    except OSError as error:
        raise ConfigError(f"`path`: {path}: cannot be read: {error.strerror}") from error


def _numbers(line: bytes) -> Row | None:
    try:
        return np.array(line.replace(b",", b" ").split(), np.float64)
    except ValueError:
        return None


def _width(rows: list[Row | None], path: Path) -> int:
    """Return the number of columns that most lines have."""
    counts = Counter(len(row) for row in rows if row is not None)
    if not counts:
        raise ConfigError(f"`path`: {path}: holds no line of numbers; a log of scans is wanted")
    return counts.most_common(1)[0][0]
