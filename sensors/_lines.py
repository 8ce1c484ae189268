"""Lines of text from what has to be waited for: a pipe, a socket, a serial port.

`Splitter` cuts bytes into lines; `LineFeed` reads a file descriptor in a thread of its own and
hands each line on.  A line that is longer than `MOST_BYTES` is skipped and counted, so that a
device that never ends one does not fill the memory.
"""

import os
import select
import threading
import time
from collections.abc import Callable, Iterator
from typing import Self

from neuroloop.core.errors import PartError

MOST_BYTES = 1 << 16
"""of a line"""
_CHUNK = 1 << 16
_WAIT_S = 0.2


class Splitter:
    """Cuts bytes that come in pieces into lines; what is not yet ended waits.

    Attributes
    ----------
    number
        Of the line that came last, from 1; blank and skipped ones count.
    too_long
        Lines that were skipped.
    """

    def __init__(self) -> None:
        self._half = bytearray()
        self._skipping = False
        self.number = self.too_long = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the lines that ``data`` ends, without their ends."""
        *whole, rest = data.split(b"\n")
        for piece in whole:
            self.number += 1
            line = bytes(self._half) + piece
            self._half.clear()
            if self._skipping or len(line) > MOST_BYTES:
                self._skipping = False
                self.too_long += 1
            else:
                yield line.removesuffix(b"\r")
        if not self._skipping:
            self._half += rest
            if len(self._half) > MOST_BYTES:
                self._half.clear()
                self._skipping = True

    def end(self) -> Iterator[bytes]:
        """Yield a last line that has no end."""
        if self._half or self._skipping:
            yield from self.feed(b"\n")


class LineFeed:
    """Reads lines in a thread; a context manager.

    Parameters
    ----------
    what
        What is read, as it is called in errors.
    opened
        Returns a file descriptor to read, and what closes it.
    take
        Is called on the thread with each line, its number and when it came, in microseconds of the
        monotonic clock; may wait where the other side can.

    Attributes
    ----------
    ended
        Whether the other side has said all there is.
    """

    def __init__(
        self,
        what: str,
        opened: Callable[[], tuple[int, Callable[[], None]]],
        take: Callable[[bytes, int, int], None],
    ) -> None:
        self._what, self._open, self._take = what, opened, take
        self._lines = Splitter()
        self._thread: threading.Thread | None = None
        self._wake: tuple[int, int] | None = None
        self._close: Callable[[], None] | None = None
        self._failed: str | None = None
        self.ended = False

    def __enter__(self) -> Self:
        """Open it and begin to read."""
        fd, self._close = self._open()
        self._wake = os.pipe()
        self._thread = threading.Thread(
            target=self._run, args=(fd, self._wake[0]), name=self._what, daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop reading and close it."""
        if self._wake is not None:
            os.close(self._wake[1])
        if self._thread is not None:
            self._thread.join()
        if self._wake is not None:
            os.close(self._wake[0])
        if self._close is not None:
            self._close()
        self._thread = self._wake = self._close = None

    @property
    def too_long(self) -> int:
        """Lines that were skipped because they were too long."""
        return self._lines.too_long

    def check(self) -> None:
        """Raise where it has failed.

        Raises
        ------
        PartError
            Why no more lines come.
        """
        if self._failed is not None:
            raise PartError(f"{self._what}: {self._failed}")

    def _run(self, fd: int, wake: int) -> None:
        """Read until the end, a failure, or somebody closes the wake pipe."""
        try:
            while True:
                ready, _, _ = select.select([fd, wake], [], [], _WAIT_S)
                if wake in ready:
                    return
                if fd not in ready:
                    continue
                data = os.read(fd, _CHUNK)
                now_us = time.monotonic_ns() // 1000
                for line in self._lines.feed(data) if data else self._lines.end():
                    self._take(line, self._lines.number, now_us)
                if not data:
                    self.ended = True
                    return
        except BlockingIOError:
            self._failed = "another program reads it too"
        except OSError as error:
            self._failed = error.strerror or str(error)
