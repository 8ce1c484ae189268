"""One end of a stream socket: whole messages in and out, and no wait that was not asked for."""

import os
import select
import socket
import struct
import time
from typing import Any, Generic, TypeVar

import msgspec

M = TypeVar("M")

_LENGTH = struct.Struct("<Q")
_CHUNK = 1 << 16
_MOST_WAITING = 1 << 20


class Line(Generic[M]):
    """Sends any struct and receives those of the type ``M``; each goes after its length."""

    def __init__(self, end: socket.socket, kind: Any) -> None:
        end.setblocking(False)
        self._socket = end
        self._decoder: msgspec.msgpack.Decoder[M] = msgspec.msgpack.Decoder(kind)
        self._in, self._out = bytearray(), bytearray()
        self.files: list[int] = []
        """numbers of the open files that came along, for the receiver to close"""
        self.closed = False
        """whether the other end is gone"""

    def send(self, message: object, file: int | None = None) -> None:
        """Send as much of a message as goes without waiting; `flush` sends the rest."""
        content = msgspec.msgpack.encode(message)
        packed = _LENGTH.pack(len(content)) + content
        if file is not None:
            self._pass(packed, file)
            return
        self._out += packed
        self.flush()

    def tell(self, message: object) -> bool:
        """Send what may be lost where the other end does not listen; whether it was taken."""
        if len(self._out) > _MOST_WAITING:
            return False
        self.send(message)
        return True

    def flush(self) -> bool:
        """Send what goes without waiting; whether nothing is left."""
        while self._out and not self.closed:
            try:
                del self._out[: self._socket.send(self._out[:_CHUNK])]
            except BlockingIOError:
                return False
            except OSError:
                self.closed = True
        if self.closed:
            self._out.clear()
        return True

    def flush_for(self, seconds: float) -> bool:
        """Send all, and wait for the other end to take it; whether nothing is left."""
        end = time.monotonic() + seconds
        while not self.flush():
            left = end - time.monotonic()
            if left <= 0:
                return False
            select.select([], [self._socket], [], left)
        return True

    def receive(self) -> list[M]:
        """Return the messages that have come."""
        while not self.closed:
            try:
                content, files, _, _ = socket.recv_fds(self._socket, _CHUNK, 1)
            except BlockingIOError:
                break
            except OSError:
                content, files = b"", []
            self.files += files
            self._in += content
            self.closed = not content
        return self._whole()

    def wait(self, seconds: float) -> bool:
        """Wait until something comes or the other end is gone; whether either was in time."""
        if self.closed:
            return True
        ready, _, _ = select.select([self._socket], [], [], max(seconds, 0.0))
        return bool(ready)

    def close(self) -> None:
        """Close this end, and files that nobody took."""
        self.closed = True
        self._socket.close()
        while self.files:
            os.close(self.files.pop())

    def _pass(self, packed: bytes, file: int) -> None:
        """Send a message and an open file; nothing else waits when this is done."""
        self.flush_for(1.0)
        try:
            sent = socket.send_fds(self._socket, [packed], [file])
        except OSError:
            self.closed = True
            return
        self._out += packed[sent:]
        self.flush()

    def _whole(self) -> list[M]:
        found, start = [], 0
        while len(self._in) - start >= _LENGTH.size:
            (size,) = _LENGTH.unpack_from(self._in, start)
            begin = start + _LENGTH.size
            if len(self._in) < begin + size:
                break
            found.append(self._decoder.decode(bytes(self._in[begin : begin + size])))
            start = begin + size
        del self._in[:start]
        return found
