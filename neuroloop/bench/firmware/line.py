"""A connection to a broker in one thread, as bare as can be, so that stamps are those of the wire.

A client library costs as much time as broker and firmware together, and is not what is measured.
It speaks as much MQTT 5 as that takes: connect, subscribe, publish, all with QoS 0.
"""

import select
import socket
import struct
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from neuroloop.core.errors import MachineError

_CONNECT, _CONNACK, _PUBLISH, _SUBSCRIBE, _SUBACK = 0x10, 0x20, 0x30, 0x82, 0x90
_ANSWER_S = 5.0


class Line:
    """Start it with ``with``.

    Parameters
    ----------
    port
        Of a broker on this machine that asks for no name.
    name
        What the broker knows the connection by.
    topics
        What to subscribe to.
    """

    def __init__(self, port: int, name: str, topics: tuple[str, ...]) -> None:
        self._port, self._name, self._topics = port, name, topics
        self._socket = socket.socket()
        self._came = b""

    def __enter__(self) -> Self:
        """Connect and subscribe.

        Raises
        ------
        MachineError
            The broker does not answer, or refuses.
        """
        self._socket.connect(("127.0.0.1", self._port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # version 5, clean start, no keep-alive, no properties
        hello = _text("MQTT") + b"\5\2\0\0\0" + _text(self._name)
        self._ask(_packet(_CONNECT, hello), _CONNACK)
        wishes = b"".join(_text(topic) + b"\0" for topic in self._topics)
        self._ask(_packet(_SUBSCRIBE, b"\0\1\0" + wishes), _SUBACK)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._socket.close()

    def send(self, topic: str, payload: bytes) -> None:
        """Publish a message."""
        self._socket.sendall(_packet(_PUBLISH, _text(topic) + b"\0" + payload))

    def receive(self, seconds: float) -> Iterator[tuple[str, bytes]]:
        """Wait for messages, and yield topic and payload of those that have come."""
        for kind, body in self._packets(seconds):
            if kind == _PUBLISH:
                (length,) = struct.unpack_from(">H", body)
                # without properties: nobody here sets any
                yield body[2 : 2 + length].decode(), body[3 + length :]

    def _ask(self, packet: bytes, wanted: int) -> None:
        self._socket.sendall(packet)
        for kind, body in self._packets(_ANSWER_S):
            if kind == wanted and body[1 if wanted == _CONNACK else -1] < 0x80:
                return
        raise MachineError(f"the broker at port {self._port} does not take the connection")

    def _packets(self, seconds: float) -> Iterator[tuple[int, bytes]]:
        if select.select([self._socket], [], [], max(0.0, seconds))[0]:
            self._came += self._socket.recv(65536)
        while (head := _head(self._came)) and len(self._came) >= sum(head):
            start, size = head
            packet, self._came = self._came[: start + size], self._came[start + size :]
            yield packet[0], packet[start:]


def _head(data: bytes) -> tuple[int, int] | None:
    """Return where a packet's body begins and how long it is, None where too little has come."""
    size = 0
    for at in range(1, min(len(data), 5)):
        size |= (data[at] & 127) << 7 * (at - 1)
        if data[at] < 128:
            return at + 1, size
    return None


def _text(text: str) -> bytes:
    return struct.pack(">H", len(text.encode())) + text.encode()


def _packet(kind: int, body: bytes) -> bytes:
    """Return a packet; a body of 16 KB is the most that two bytes of length can say."""
    size = len(body)
    length = bytes((size,)) if size < 128 else bytes((size & 127 | 128, size >> 7))
    return bytes((kind,)) + length + body
