"""A table whose rows come through the standard input, a named pipe or a socket."""

import os
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

from neuroloop.core.errors import ConfigError, PartError
from neuroloop.core.values import Scalars, SourceSpec
from sensors._lines import LineFeed
from sensors._run_time import RunTime
from sensors.series._pace import Pace, rate_of
from sensors.series._table import Layout, Row

MOST_ROWS = 4096
"""that wait to be read"""
_CONNECT_S = 3.0
_FIRST_LINE_S = 10.0
_PAUSE_S = 0.2
"""a feed that said nothing for so long has said what it had ready"""


class PlayedFeed:
    """Plays rows that have a clock of their own; the other side waits where it is faster.

    Where it is slower than its clock, the clock stands still, which is counted.
    """

    def __init__(self, layout: Layout, folder: Path) -> None:
        self._layout, self._pace = layout, Pace(layout)
        self._rows: deque[tuple[int, Row]] = deque()
        self._room = threading.Condition()
        self._closing = False
        self._later_us = self._read_us = 0
        self._rate_hz = layout.config.rate_hz
        self._header = _Header(layout)
        self._feed = LineFeed(_what(layout), _opener(layout, folder), self._take)

    def __enter__(self) -> Self:
        """Begin to read, and wait for the names of the columns and the first rows."""
        self._feed.__enter__()
        try:
            self._header.wait(self._feed)
        except BaseException:
            self.__exit__()
            raise
        before = -1
        while not self._feed.ended and before < len(self._rows) < MOST_ROWS:
            before = len(self._rows)
            time.sleep(_PAUSE_S)
        with self._room:
            self._rate_hz = self._layout.config.rate_hz or rate_of([due for due, _ in self._rows])
        return self

    def __exit__(self, *_: object) -> None:
        """Stop reading."""
        with self._room:
            self._closing = True
            self._room.notify_all()
        self._feed.__exit__()

    @property
    def spec(self) -> SourceSpec:
        """What it yields; known once it is open."""
        return self._layout.spec(self._rate_hz, "device")

    @property
    def counts(self) -> Mapping[str, int]:
        """What was wrong with its lines."""
        return _counts(self._layout, self._feed)

    @property
    def ended(self) -> bool:
        """Whether the other side has ended and the last row was returned."""
        return self._feed.ended and not self._rows

    def read(self, until_us: int) -> list[Scalars]:
        """Return the rows stamped before ``until_us``."""
        found: list[Scalars] = []
        with self._room:
            while self._rows:
                due_us, row = self._rows[0]
                t_us = due_us + self._later_us
                if t_us < self._read_us and not found:
                    self._later_us += self._read_us - t_us
                    t_us = self._read_us
                    self._layout.tally.add("waits for the feed")
                if t_us >= until_us:
                    break
                self._rows.popleft()
                found.append(Scalars(t_us, row.values))
            self._room.notify_all()
        self._read_us = max(self._read_us, until_us)
        if not self._rows:
            self._feed.check()
        return found

    def _take(self, line: bytes, number: int, _now_us: int) -> None:
        """Take a line in, on the feed's thread; wait while there is no room."""
        row = self._header.row(line, number)
        due_us = None if row is None else self._pace.due(row, number)
        if row is None or due_us is None:
            return
        with self._room:
            self._room.wait_for(lambda: len(self._rows) < MOST_ROWS or self._closing)
            self._rows.append((due_us, row))


class LiveSeries:
    """Yields rows as they come, stamped with the moment they came."""

    def __init__(self, layout: Layout, folder: Path) -> None:
        self._layout, self._time = layout, RunTime()
        self._rows: deque[tuple[int, Row]] = deque()
        self._lock = threading.Lock()
        self._newest_us = 0
        self._header = _Header(layout)
        self._feed = LineFeed(_what(layout), _opener(layout, folder), self._take)

    def __enter__(self) -> Self:
        """Begin to read, and wait for the names of the columns."""
        self._feed.__enter__()
        try:
            self._header.wait(self._feed)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop reading."""
        self._feed.__exit__()

    @property
    def spec(self) -> SourceSpec:
        """What it yields; known once it is open."""
        return self._layout.spec(0.0, "arrival")

    @property
    def counts(self) -> Mapping[str, int]:
        """What was wrong with its lines, and what was lost."""
        return _counts(self._layout, self._feed)

    def read(self, until_us: int) -> list[Scalars]:
        """Return the rows that came before ``until_us``, which is now.

        Raises
        ------
        PartError
            The other side is gone.
        """
        zero_us = self._time.read(until_us, time.monotonic_ns() // 1000)
        found: list[Scalars] = []
        with self._lock:
            while zero_us is not None and self._rows and self._rows[0][0] - zero_us < until_us:
                came_us, row = self._rows.popleft()
                if came_us >= zero_us:  # what is from before the run is of no use
                    self._newest_us = max(self._newest_us, came_us - zero_us)
                    found.append(Scalars(self._newest_us, row.values))
        if not found:
            self._feed.check()
            if self._feed.ended:
                raise PartError(f"{_what(self._layout)}: the other side has ended")
        return found

    def _take(self, line: bytes, number: int, now_us: int) -> None:
        """Take a line in, on the feed's thread."""
        row = self._header.row(line, number)
        if row is None:
            return
        with self._lock:
            if full := len(self._rows) >= MOST_ROWS:
                self._rows.popleft()
            self._rows.append((now_us, row))
        if full:
            self._layout.tally.add("rows that nobody took", f"line {number}")


class _Header:
    """The first line of a feed, which may name its columns."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._wrong: ConfigError | None = None
        self._known = threading.Event()
        self._expected = layout.config.header
        if layout.known:
            self._known.set()

    def row(self, line: bytes, number: int) -> Row | None:
        """Return what a line says, None where it is no row or the header."""
        if not line.strip():
            return None
        if self._expected:
            self._expected = False
            try:
                self._layout.head(line)
            except ConfigError as error:
                self._wrong = error
            self._known.set()
            return None
        return None if self._wrong is not None else self._layout.row(line, number)

    def wait(self, feed: LineFeed) -> None:
        """Wait until the columns are known.

        Raises
        ------
        ConfigError
            One that is wanted is not there.
        PartError
            Nothing came.
        """
        end = time.monotonic() + _FIRST_LINE_S
        while not self._known.wait(0.02) and not feed.ended and time.monotonic() < end:
            feed.check()
        if self._wrong is not None:
            raise self._wrong
        if not self._layout.known:
            raise PartError(
                f"{_what(self._layout)}: no first line with the names of columns came within "
                f"{_FIRST_LINE_S:g} s; without one, set header = false and columns"
            )


def _what(layout: Layout) -> str:
    return f'sensor "{layout.name}": {layout.config.path}'


def _counts(layout: Layout, feed: LineFeed) -> Mapping[str, int]:
    counts = dict(layout.tally.counts)
    if feed.too_long:
        counts["lines that are too long"] = feed.too_long
    return counts


def _opener(layout: Layout, folder: Path) -> Callable[[], tuple[int, Callable[[], None]]]:
    """Return what opens the path of a feed."""
    path = layout.config.path
    if path == "-":
        return _standard_input
    if path.startswith("tcp://"):
        return lambda: _connection(path)
    return lambda: _pipe(folder / path)


def _standard_input() -> tuple[int, Callable[[], None]]:
    try:
        fd = os.dup(sys.__stdin__.fileno() if sys.__stdin__ is not None else 0)
    except (OSError, ValueError) as error:
        raise ConfigError("`path`: - is the standard input, and there is none") from error
    if os.isatty(fd):
        os.close(fd)
        raise ConfigError(
            "`path`: - is the standard input, and it is a terminal; pipe rows into it"
        )
    return fd, lambda: os.close(fd)


def _pipe(path: Path) -> tuple[int, Callable[[], None]]:
    # held open for writing too: it does not end when a writer goes, another may come
    try:
        fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    except OSError as error:
        raise PartError(f"{path}: {error.strerror}") from error
    return fd, lambda: os.close(fd)


def _connection(address: str) -> tuple[int, Callable[[], None]]:
    host, _, port = address.removeprefix("tcp://").rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 1 << 16:
        raise ConfigError(
            f"`path`: {address}: a host and a port are wanted, as in tcp://robot:4000"
        )
    try:
        connection = socket.create_connection((host.strip("[]"), int(port)), _CONNECT_S)
    except OSError as error:
        raise PartError(f"{address}: {error.strerror or error}") from error
    connection.setblocking(True)
    return connection.fileno(), connection.close
