"""A table in a file, read a line at a time."""

import math
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Self

import msgspec

from neuroloop.core.errors import ConfigError, PartError
from neuroloop.core.values import Scalars, SourceSpec
from sensors._lines import MOST_BYTES
from sensors._tally import Tally
from sensors.series._pace import Pace, State, rate_of
from sensors.series._table import Layout, Row

_LOOKED_AT = 200
"""rows that say how often they come"""


class _Place(msgspec.Struct, frozen=True):
    """Where a file is read on."""

    offset: int
    number: int
    """of the last line"""
    pace: State
    last: list[float | None]
    """numbers that stand for missing ones, None for NaN"""
    counts: Mapping[str, int]


class SeriesFile:
    """Plays the rows of one file; a context manager."""

    def __init__(self, layout: Layout, path: Path) -> None:
        self._layout, self._path = layout, path
        self._file: BinaryIO | None = None
        self._offset = self._number = 0
        self._pace = Pace(layout)
        self._next: tuple[int, Row] | None = None
        self._before = self._place()
        self._rate_hz = layout.config.rate_hz

    def __enter__(self) -> Self:
        """Open the file, find the columns and the first row."""
        try:
            self._file = self._path.open("rb")
        except OSError as error:
            raise ConfigError(f"`path`: {self._path}: cannot be read: {error.strerror}") from error
        try:
            self._begin()
        except BaseException:
            self._file.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    @property
    def spec(self) -> SourceSpec:
        """What it yields; known once it is open."""
        return self._layout.spec(self._rate_hz, "device")

    @property
    def counts(self) -> Mapping[str, int]:
        """What was wrong with its lines."""
        return self._layout.tally.counts

    @property
    def ended(self) -> bool:
        """Whether the last row was returned."""
        return self._next is None

    def read(self, until_us: int) -> list[Scalars]:
        """Return the rows stamped before ``until_us``."""
        found = []
        while self._next is not None and self._next[0] < until_us:
            t_us, row = self._next
            found.append(Scalars(t_us, row.values))
            self._advance()
        return found

    def snapshot(self) -> bytes:
        """Return the place in the file, as JSON."""
        return msgspec.json.encode(self._before)

    def restore(self, state: bytes) -> None:
        """Go back to a snapshot."""
        place = msgspec.json.decode(state, type=_Place)
        if self._file is None:
            raise PartError(f"{self._path}: is not open")
        self._file.seek(place.offset)
        self._offset, self._number = place.offset, place.number
        self._pace.restore(place.pace)
        self._layout.tally.restore(place.counts)
        self._layout.last = [math.nan if n is None else n for n in place.last]
        self._advance()

    def _begin(self) -> None:
        if self._layout.config.header:
            self._layout.head(self._line() or b"")
        told, self._layout.tally = self._layout.tally, Tally("", silent=True)
        rows_at = msgspec.json.encode(self._place())
        if not self._rate_hz:
            times = [row.own_us for row in islice(iter(self._row, None), _LOOKED_AT)]
            self._rate_hz = rate_of(times) * self._layout.config.speed
        self._layout.tally = told
        self.restore(rows_at)
        if self._next is None:
            raise ConfigError(f"`path`: {self._path}: has no row of numbers")

    def _advance(self) -> None:
        """Read on to the next row that counts, and remember where it stands."""
        self._next = None
        self._before = self._place()
        while (row := self._row()) is not None:
            t_us = self._pace.due(row, self._number)
            if t_us is not None:
                self._next = (t_us, row)
                return
            self._before = self._place()

    def _place(self) -> "_Place":
        # a NaN has no place in JSON
        last = [None if math.isnan(n) else n for n in self._layout.last]
        return _Place(self._offset, self._number, self._pace.state(), last, self.counts)

    def _row(self) -> Row | None:
        """Return the next line that is a row, None at the end of the file."""
        while (line := self._line()) is not None:
            if line.strip():
                row = self._layout.row(line, self._number)
                if row is not None:
                    return row
        return None

    def _line(self) -> bytes | None:
        """Return the next line, None at the end; one that is too long is skipped and counted."""
        if self._file is None:
            return None
        try:
            while line := self._file.readline(MOST_BYTES):
                self._number += 1
                self._offset += len(line)
                if len(line) < MOST_BYTES or line.endswith(b"\n"):
                    return line
                self._layout.tally.add("lines that are too long", f"line {self._number}")
                while len(line) == MOST_BYTES and not line.endswith(b"\n"):
                    line = self._file.readline(MOST_BYTES)
                    self._offset += len(line)
        except OSError as error:
            raise PartError(f"{self._path}: {error.strerror}") from error
        return None
