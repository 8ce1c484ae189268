"""A connection to a broker in one thread, as bare as can be, so that stamps are those of the wire.

A client library costs as much time as broker and firmware together, and is not what is measured.
It speaks as much MQTT 5 as that takes: connect, subscribe, publish, all with QoS 0.
"""

import select
import socket
import struct
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self

from neuroloop.core.errors import MachineError

_CONNECT, _CONNACK, _PUBLISH, _SUBSCRIBE, _SUBACK = 0x10, 0x20, 0x30, 0x82, 0x90
_CLEAN, _WITH_LOGIN = 0x02, 0xC0
"""flags of a connection"""
_ANSWER_S = 5.0


class Line:
    """Start it with ``with``.

    Parameters
    ----------
    port
        Of a broker on this machine.
    name
        What the broker knows the connection by.
    topics
        What to subscribe to.
    login
        User and password, where the broker asks for them.
    """

    def __init__(
        self, port: int, name: str, topics: tuple[str, ...], login: tuple[str, ...] = ()
    ) -> None:
        self._port, self._name, self._topics, self._login = port, name, topics, login
        self._socket = socket.socket()
        self._came = b""

    def __enter__(self) -> Self:
        """Connect and subscribe.

        Raises
        ------
        MachineError
            The broker does not answer, or refuses.
        """
        try:
            self._connect()
        except BaseException:
            self._socket.close()
            raise
        return self

    def _connect(self) -> None:
        self._socket.connect(("127.0.0.1", self._port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # version 5, clean start, no keep-alive, no properties
        flags = _CLEAN | (_WITH_LOGIN if self._login else 0)
        hello = _text("MQTT") + bytes((5, flags, 0, 0, 0))
        hello += b"".join(map(_text, (self._name, *self._login)))
        self._ask(_packet(_CONNECT, hello), _CONNACK)
        if self._topics:
            wishes = b"".join(_text(topic) + b"\0" for topic in self._topics)
            self._ask(_packet(_SUBSCRIBE, b"\0\1\0" + wishes), _SUBACK)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._socket.close()

    def send(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish a message."""
        self._socket.sendall(_publish(topic, payload, retain=retain))

    def send_all(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """Publish many messages, topic and payload of each, in one go."""
        self._socket.sendall(b"".join(_publish(topic, payload) for topic, payload in messages))

    def receive(self, seconds: float) -> Iterator[tuple[str, bytes]]:
        """Wait for messages, and yield topic and payload of those that have come.

        Raises
        ------
        MachineError
            The broker closed the connection.
        """
        for kind, body in self._packets(seconds):
            if kind & 0xF0 == _PUBLISH & 0xF0:
                (length,) = struct.unpack_from(">H", body)
                size, start = _varint(body, 2 + length) or (0, len(body))
                yield body[2 : 2 + length].decode(), body[start + size :]

    def _ask(self, packet: bytes, wanted: int) -> None:
        self._socket.sendall(packet)
        for kind, body in self._packets(_ANSWER_S):
            if kind == wanted and body[1 if wanted == _CONNACK else -1] < 0x80:
                return
        raise MachineError(f"the broker at port {self._port} does not take the connection")

    def _packets(self, seconds: float) -> Iterator[tuple[int, bytes]]:
        if select.select([self._socket], [], [], max(0.0, seconds))[0]:
            came = self._socket.recv(65536)
            if not came:
                raise MachineError(f"the broker at port {self._port} closed the connection")
            self._came += came
        at, whole = 0, []
        while (head := _varint(self._came, at + 1)) and len(self._came) >= sum(head):
            size, start = head
            whole.append((self._came[at], self._came[start : start + size]))
            at = start + size
        self._came = self._came[at:]
        yield from whole


def _varint(data: bytes, at: int) -> tuple[int, int] | None:
    """Return a number of variable length and what comes behind it, None where it is not whole."""
    size = 0
    for place in range(at, min(len(data), at + 4)):
        size |= (data[place] & 127) << 7 * (place - at)
        if data[place] < 128:
            return size, place + 1
    return None


def _text(text: str) -> bytes:
    return struct.pack(">H", len(text.encode())) + text.encode()


def _publish(topic: str, payload: bytes, *, retain: bool = False) -> bytes:
    return _packet(_PUBLISH | retain, _text(topic) + b"\0" + payload)


def _packet(kind: int, body: bytes) -> bytes:
    size, length = len(body), b""
    while size > 127:
        length += bytes((size & 127 | 128,))
        size >>= 7
    return bytes((kind,)) + length + bytes((size,)) + body
