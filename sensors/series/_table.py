"""The rows of a table of text: which columns are meant, and what one line says."""

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from neuroloop.core.errors import ConfigError, nearest
from neuroloop.core.values import Float32s, Scalars, SourceSpec
from sensors import _numbers
from sensors._tally import Tally

if TYPE_CHECKING:
    from sensors.series import Config

_UNIT_US = {"s": 1e6, "ms": 1e3, "us": 1.0, "ns": 1e-3}
_MOST_US = 1e17
"""three thousand years: a larger number is not a time"""
_MOST_COLUMNS = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """What one line says."""

    own_us: int
    """time by the table's own clock, 0 where it has none"""
    values: Float32s
    """``float32[k]``"""


@dataclass
class Layout:
    """Where the numbers of a table stand; its first line says so, or its settings do."""

    config: "Config"
    name: str
    tally: Tally = field(init=False)
    places: list[int] = field(init=False, default_factory=list)
    width: int = field(init=False, default=0)
    """number of columns; 0 before it is known"""
    time_at: int = field(init=False, default=-1)
    labels: tuple[str, ...] = field(init=False, default=())
    last: list[float] = field(init=False, default_factory=list)
    """the numbers of the last row, where they stand for missing ones"""

    def __post_init__(self) -> None:
        self.tally = Tally(f'sensor "{self.name}"')
        if not self.config.header:
            self._choose([])

    @property
    def known(self) -> bool:
        """Whether it is known which columns are meant."""
        return bool(self.places)

    def head(self, line: bytes) -> None:
        """Take the names of the columns from the first line.

        Raises
        ------
        ConfigError
            A column that is wanted is not there.
        """
        names = _numbers.fields(line.removeprefix(b"\xef\xbb\xbf"), self.config.separator)
        if not names or len(names) > _MOST_COLUMNS:
            raise ConfigError(f'sensor "{self.name}": its first line names no columns')
        self._choose(names)

    def spec(self, rate_hz: float, stamped_by: str) -> SourceSpec:
        """Return what the sensor says of itself."""
        return SourceSpec(
            name=self.name,
            reading=Scalars,
            shape=(len(self.places),),
            rate_hz=rate_hz,
            low=self.config.low,
            high=self.config.high,
            labels=self.labels,
            stamped_by=stamped_by,
        )

    def row(self, line: bytes, number: int) -> Row | None:
        """Return what a line says; None, and it is counted, where it is no row."""
        where = f"line {number}"
        parts = _numbers.fields(line, self.config.separator)
        values = self._values(parts) if parts is not None else None
        if parts is None or values is None:
            self.tally.add("lines that are no row", where)
            return None
        own_us = self._time(parts[self.time_at]) if self.time_at >= 0 else 0
        if own_us is None:
            self.tally.add("rows without a time", where)
            return None
        missing = sum(map(math.isnan, values))
        if missing:
            self.tally.add("numbers that are missing", where, missing)
        if self.config.missing == "last":
            values = [
                last if math.isnan(v) else v for v, last in zip(values, self.last, strict=True)
            ]
            self.last = values
        return Row(own_us, _numbers.to_float32(values))

    def _values(self, parts: list[str]) -> list[float] | None:
        """Return the numbers that are wanted, None where one is none or the row is another's."""
        if self.width and len(parts) != self.width:
            return None
        if max(*self.places, self.time_at) >= len(parts):
            return None
        found = [_numbers.number(parts[p]) for p in self.places]
        values = [n for n in found if n is not None]
        return values if len(values) == len(found) else None

    def _choose(self, names: list[str]) -> None:
        """Find the columns that are wanted among the names, or by their places."""
        config = self.config
        time_at = self._place(config.time, names) if config.time else -1
        wanted = [self._place(column, names) for column in config.columns]
        places = wanted or [p for p in range(len(names)) if p != time_at]
        if not places:
            raise ConfigError(f'sensor "{self.name}": `columns`: there is none but the time')
        self.places, self.width, self.time_at = places, len(names), time_at
        self.last = [math.nan] * len(places)
        self.labels = tuple(config.labels or config.columns or (names[p] for p in places))
        if len(set(self.labels)) < len(self.labels):
            raise ConfigError(f'sensor "{self.name}": a label is there twice; set `labels`')

    def _place(self, column: str, names: list[str]) -> int:
        if column in names:
            return names.index(column)
        most = len(names) or _MOST_COLUMNS
        if column.isascii() and column.isdigit() and 1 <= int(column) <= most:
            return int(column) - 1
        known = nearest(column, names) or "; without a header, columns are 1, 2, 3 ..."
        raise ConfigError(f'sensor "{self.name}": there is no column "{column}"{known}')

    def _time(self, text: str) -> int | None:
        """Return a time in microseconds, None where it is none."""
        if self.config.time_unit == "iso":
            try:
                moment = datetime.fromisoformat(text)
            except ValueError:
                return None
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=UTC)
            return round(moment.timestamp() * 1e6)
        value = _numbers.number(text)
        time_us = math.nan if value is None else value * _UNIT_US[self.config.time_unit]
        return round(time_us) if abs(time_us) < _MOST_US else None
