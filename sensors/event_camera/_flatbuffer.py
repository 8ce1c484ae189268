"""Just enough of FlatBuffers to read a table's fields, with every offset checked.

Source: "FlatBuffer Internals", flatbuffers.dev.
"""

import struct


class BrokenError(Exception):
    """An offset that points out of the buffer."""


class Table:
    """A table in a buffer, ``at`` bytes from its start."""

    def __init__(self, buffer: bytes, at: int) -> None:
        self._buffer, self._at = buffer, at
        self._fields = at - number(buffer, "<i", at)
        self._size = number(buffer, "<H", self._fields)

    @classmethod
    def root(cls, buffer: bytes) -> "Table":
        """Return the table that a buffer, which starts with its own size, is about."""
        return cls(buffer, 4 + number(buffer, "<I", 4))

    def scalar(self, field: int, form: str, default: int) -> int:
        """Return a number in the form of `struct`, ``default`` where it is left out."""
        at = self._place(field)
        return default if at is None else number(self._buffer, form, at)

    def vector(self, field: int, item_bytes: int) -> tuple[int, int]:
        """Return where the items of a vector start, and how many there are."""
        at = self._place(field)
        if at is None:
            return 0, 0
        at += number(self._buffer, "<I", at)
        n, start = number(self._buffer, "<I", at), at + 4
        if start + n * item_bytes > len(self._buffer):
            raise BrokenError
        return start, n

    def _place(self, field: int) -> int | None:
        entry = 4 + 2 * field
        if entry + 2 > self._size:
            return None
        offset = number(self._buffer, "<H", self._fields + entry)
        return self._at + offset if offset else None


def number(buffer: bytes, form: str, at: int) -> int:
    """Return the number at a place, in the form of `struct`."""
    if at < 0 or at + struct.calcsize(form) > len(buffer):
        raise BrokenError
    return int(struct.unpack_from(form, buffer, at)[0])
