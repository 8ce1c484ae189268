"""The part of a file that is in memory: read at one end, used at the other."""

from io import FileIO

import numpy as np

from neuroloop.core.values import UInt8s

_PIECE_BYTES = 1 << 17
"""read at a time: it and what comes of it stay in a processor's cache"""
_MOST_BYTES = 1 << 25


class Pieces:
    """What of ``file`` from ``start`` to ``end`` was read and is not used yet.

    Parameters
    ----------
    end
        -1 is the end of the file.
    tail
        Bytes to be added at the end.
    """

    def __init__(self, file: FileIO, start: int, end: int, tail: bytes) -> None:
        self._file, self._left, self._tail = file, end - start if end >= 0 else -1, tail
        self._buffer: UInt8s = np.empty(_PIECE_BYTES, np.uint8)
        self._first = self._last = 0
        self._ended = False
        self.at = start
        """place in the file of what is not used yet"""
        file.seek(start)

    @property
    def data(self) -> UInt8s:
        """What is not used yet."""
        return self._buffer[self._first : self._last]

    def use(self, n: int) -> None:
        """Drop the first ``n`` bytes."""
        self._first += n
        self.at += n

    def fill(self) -> bool:
        """Read on behind what is not used yet; False where nothing more comes, or fits."""
        if self._ended or len(self.data) >= _MOST_BYTES:
            return False
        rest = len(self.data)
        size = 2 * len(self._buffer) if rest == len(self._buffer) else len(self._buffer)
        into = self._buffer if size == len(self._buffer) else np.empty(size, np.uint8)
        into[:rest] = self.data
        self._buffer, self._first = into, 0
        most = size - rest if self._left < 0 else min(size - rest, self._left)
        got = self._file.readinto(into[rest : rest + most].data)
        self._left -= got if self._left >= 0 else 0
        self._last = rest + got
        if not got:
            self._ended = True
            self._last += len(self._tail)
            into[rest : self._last] = np.frombuffer(self._tail, np.uint8)
        return bool(got or self._tail)
