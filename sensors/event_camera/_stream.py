"""Events that come over UDP: a thread takes them in, and whoever iterates takes them out."""

import errno
import logging
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Self

import numpy as np

from neuroloop.core.errors import PartError
from neuroloop.core.values import Int64s
from sensors.event_camera import _receive, _stamp
from sensors.event_camera._address import Address
from sensors.event_camera._events import Events, from_units
from sensors.event_camera._payload import FORMATS, UNSTAMPED

_log = logging.getLogger(__name__)

_RING_EVENTS = 1 << 21
_SOCKET_BYTES = 1 << 26
_WAIT_S = 0.05
"""how long the receiver waits for a datagram before it looks whether it is to stop"""
_FORCE, _MEMINFO, _DROPS = 33, 55, 8
"""Linux's ``SO_RCVBUFFORCE`` and ``SO_MEMINFO``, and which number of that counts drops"""
_NO_MATTER = (errno.EAGAIN, errno.EINTR, errno.ECONNREFUSED)
_FOREVER_US = 1 << 62


class Stream:
    """Listens on an address; a context manager.  Iterating waits for events, and ends with it.

    Stamps are microseconds of this machine's monotonic clock.

    Attributes
    ----------
    width, height
        Of the camera, in pixels.
    """

    def __init__(self, address: Address, width: int, height: int) -> None:
        self.width, self.height, self._address = width, height, address
        self._kind = FORMATS[address.format]
        self._state: Int64s = np.zeros(_receive.WORDS, np.int64)
        self._ring_t = np.zeros(_RING_EVENTS, np.int64)
        self._ring_unit = np.zeros(_RING_EVENTS, np.uint32)
        self._socket: socket.socket | None = None
        self._closing = threading.Lock()
        self._thread: threading.Thread | None = None
        self._dropped = self._told = 0
        self._error = ""

    def __enter__(self) -> Self:
        """Begin to listen."""
        where = self._address
        try:
            family, _, _, _, to = socket.getaddrinfo(
                where.host, where.port, type=socket.SOCK_DGRAM, flags=socket.AI_PASSIVE
            )[0]
            self._socket = socket.socket(family, socket.SOCK_DGRAM)
            _widen(self._socket)
            self._socket.setsockopt(
                socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, int(_WAIT_S * 1e6))
            )
            self._socket.bind(to)
        except OSError as error:
            self.__exit__()
            raise PartError(f"{where}: cannot listen there: {error.strerror}") from error
        self._state[_receive.STOP], self._error = 0, ""
        # compiled here, and not while datagrams come
        self._receiver()(-1)
        self.take()
        self._thread = threading.Thread(target=self._run, name=str(where), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening; what came already can still be read."""
        _receive.stop(self._state)
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._count_drops()
        with self._closing:  # whoever iterates may be counting
            opened, self._socket = self._socket, None
            if opened is not None:
                opened.close()

    @property
    def port(self) -> int:
        """Where it listens; the address may say 0, any that is free."""
        return int(self._socket.getsockname()[1]) if self._socket else self._address.port

    @property
    def stamped_by(self) -> str:
        """``device`` where events come with times of their own, else ``arrival``."""
        return "arrival" if self._kind in UNSTAMPED else "device"

    @property
    def counts(self) -> Mapping[str, int]:
        """What was lost or refused so far, by what it is."""
        self._count_drops()
        state, clock = self._state, self._state[_receive.CLOCK :]
        found = {
            "datagrams dropped by the operating system": self._dropped,
            "datagrams that are no events": state[_receive.REFUSED],
            "events outside of the picture": state[_receive.OUTSIDE],
            "events that found no room": state[_receive.NO_ROOM],
            "restarts of the clock": clock[_stamp.RESTARTS],
            "stamps that went back": clock[_stamp.BACK],
        }
        return {text: int(n) for text, n in found.items() if n}

    @property
    def datagrams(self) -> int:
        """How many came so far, good or not."""
        return int(self._state[_receive.DATAGRAMS])

    def __iter__(self) -> Iterator[Events]:
        """Yield what came, as soon as it came, until the stream is closed."""
        while True:
            open_ = self._thread is not None
            events = self.take()
            if len(events):
                yield events
            elif not open_:
                return
            else:
                time.sleep(0.0005)

    def take(self) -> Events:
        """Return what came since it was asked last; never waits."""
        t_us, unit = self.taken(_FOREVER_US)
        return from_units(t_us, unit, self.width, self.height)

    def taken(self, before_us: int) -> tuple[Int64s, np.ndarray[tuple[int], np.dtype[np.uint32]]]:
        """Return stamps and units of what is stamped before a time and was not taken yet.

        Raises
        ------
        PartError
            Where nothing comes any more because the socket failed.
        """
        n = _receive.waiting(self._state)
        if not n and self._error:
            raise PartError(f"{self._address}: {self._error}")
        t_us, unit = np.empty(n, np.int64), np.empty(n, np.uint32)
        n = _receive.take(self._state, self._ring_t, self._ring_unit, before_us, t_us, unit)
        self._tell()
        return t_us[:n], unit[:n]

    def _run(self) -> None:
        """Receive, on the stream's own thread."""
        receive, opened = self._receiver(), self._socket
        while opened is not None and not self._state[_receive.STOP]:
            error = -receive(opened.fileno())
            if error and error not in _NO_MATTER:
                self._error = os.strerror(error)
                return

    def _receiver(self) -> Callable[[int], int]:
        """Return what receives from a socket, with memory of its own."""
        buffer = np.empty(_receive.AT_ONCE * _receive.LARGEST, np.uint8)
        headers, places = _receive.headers_of(buffer)
        event = tuple(np.empty(_receive.LARGEST // 4, np.int64) for _ in range(4))
        size, ring = (self.width, self.height), (self._ring_t, self._ring_unit)

        def receive(number: int) -> int:
            # `places` is among them because the headers point to it
            memory = headers, places, buffer, *ring, event
            return int(_receive.receive(number, self._kind, size, self._state, memory))

        return receive

    def _count_drops(self) -> None:
        with self._closing:
            if self._socket is not None:
                info = self._socket.getsockopt(socket.SOL_SOCKET, _MEMINFO, 4 * (_DROPS + 1))
                self._dropped = struct.unpack_from("I", info, 4 * _DROPS)[0]

    def _tell(self) -> None:
        """Log what was lost at 1, 2, 4, 8 ..., so that nobody can fill the log."""
        counts = self.counts
        lost = sum(counts.values())
        if lost.bit_length() > self._told.bit_length():
            said = ", ".join(f"{n:,} {text}" for text, n in counts.items())
            _log.warning("%s: so far %s", self._address, said)
        self._told = lost


def _widen(opened: socket.socket) -> None:
    """Ask for as much room for datagrams as the operating system gives."""
    for option in (_FORCE, socket.SO_RCVBUF):
        try:
            opened.setsockopt(socket.SOL_SOCKET, option, _SOCKET_BYTES)
        except OSError:
            continue
        return
