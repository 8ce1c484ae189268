"""Pictures out of ``multipart/x-mixed-replace``, the body that never ends (RFC 2046, section 5.1).

A part that says its length is complete with its last byte.  One that does not is complete where a
JPEG ends at the end of what has come, so that nobody waits for the boundary of the next.
"""

import re

MOST_BYTES = 1 << 25
"""of one part"""
_MOST_HEAD = 1 << 14
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_LENGTH = re.compile(rb"^content-length:[ \t]*(\d{1,12})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
JPEG_START, JPEG_END = b"\xff\xd8", b"\xff\xd9"


class BadBodyError(ValueError):
    """What came is no such body; says why."""


class Multipart:
    """Takes bytes as they come and returns the parts they complete.

    Parameters
    ----------
    boundary
        As the header of the answer names it, with or without the two hyphens before it.
    """

    def __init__(self, boundary: bytes) -> None:
        self._mark = b"--" + boundary.removeprefix(b"--")
        self._came = bytearray()
        self._in_body = False
        self._length: int | None = None
        self._searched = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Return the parts that are complete by now, oldest first.

        Raises
        ------
        BadBodyError
            Where a head or a part is longer than any camera's.
        """
        self._came += data
        found = []
        while (part := self._next()) is not None:
            if part:
                found.append(part)
        return found

    def _next(self) -> bytes | None:
        """Return the next part, b"" where something else was passed, None where more is needed."""
        if not self._in_body:
            return self._head()
        return self._sized() if self._length is not None else self._unsized()

    def _head(self) -> bytes | None:
        """Pass everything up to the end of the next head."""
        start = self._came.find(self._mark)
        if start < 0:
            # what is before a boundary is nobody's; the end may be the start of one
            del self._came[: max(len(self._came) - len(self._mark), 0)]
            return None
        end = _HEAD_END.search(self._came, start)
        if end is None:
            if len(self._came) - start > _MOST_HEAD:
                raise BadBodyError("the head of a part does not end")
            del self._came[:start]
            return None
        length = _LENGTH.search(self._came, start, end.start() + 1)
        self._length = int(length[1]) if length else None
        if self._length is not None and self._length > MOST_BYTES:
            raise BadBodyError(f"a part says it has {self._length:,} bytes")
        del self._came[: end.end()]
        self._in_body, self._searched = True, 0
        return b""

    def _sized(self) -> bytes | None:
        length = self._length or 0
        if len(self._came) < length:
            return None
        return self._cut(length)

    def _unsized(self) -> bytes | None:
        came = self._came
        end = came.find(self._mark, max(self._searched - len(self._mark), 0))
        if end < 0 and came[:2] == JPEG_START and came[-8:].rstrip(b"\r\n").endswith(JPEG_END):
            end = len(came)
        if end >= 0:
            return self._cut(end)
        self._searched = len(came)
        if len(came) > MOST_BYTES:
            raise BadBodyError(f"a part has more than {MOST_BYTES:,} bytes")
        return None

    def _cut(self, end: int) -> bytes:
        part = bytes(self._came[:end])
        del self._came[:end]
        self._in_body = False
        return part
