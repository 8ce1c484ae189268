"""A sender of events over UDP, as event cameras on a network are.

>>> import numpy as np
>>> one = np.ones(2, np.uint16)
>>> payload("spif", np.zeros(2, np.int64), 3 * one, one, np.array([0, 1])).hex()
'0100038001800380'
"""

import socket
import time
from collections.abc import Callable
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroloop.core.errors import ConfigError, nearest

_SHORT_S = 0.001
_DATAGRAM_BYTES = 1472
"""what fits into a frame of an Ethernet"""

Numbers = NDArray[np.generic]


def _spif(t_us: Numbers, x: Numbers, y: Numbers, p: Numbers) -> Numbers:
    del t_us
    wide = [np.asarray(each).astype(np.uint32) for each in (x, y, p)]
    return (np.uint32(1 << 31) | wide[0] << 16 | wide[2] << 15 | wide[1]).astype("<u4")


def _t64(t_us: Numbers, x: Numbers, y: Numbers, p: Numbers) -> Numbers:
    events = np.empty(len(t_us), [("t", "<u8"), ("x", "<u2"), ("y", "<u2"), ("on", "u1")])
    events["t"], events["x"], events["y"], events["on"] = t_us, x, y, p
    return events


def _t32(t_us: Numbers, x: Numbers, y: Numbers, p: Numbers) -> Numbers:
    events = np.empty(len(t_us), [("t", "<u4"), ("x", "<u2"), ("y_on", "<u2")])
    events["t"], events["x"] = np.asarray(t_us).astype(np.int64) & 0xFFFFFFFF, x
    events["y_on"] = np.asarray(y).astype(np.uint16) << 1 | np.asarray(p).astype(np.uint16)
    return events


FORMATS: dict[str, Callable[[Numbers, Numbers, Numbers, Numbers], Numbers]] = {
    "spif": _spif,
    "t64_x16_y16_on8": _t64,
    "t32_x16_y15_on1": _t32,
}
"""what writes the events of a datagram, by name; ``sensors/event_camera`` reads the same"""


def payload(format_: str, t_us: ArrayLike, x: ArrayLike, y: ArrayLike, p: ArrayLike) -> bytes:
    """Return events as they stand in datagrams: times in microseconds, pixels, 1 ON or 0 OFF."""
    return _written(format_)(*map(np.asarray, (t_us, x, y, p))).tobytes()


def _written(name: str) -> Callable[[Numbers, Numbers, Numbers, Numbers], Numbers]:
    if name not in FORMATS:
        raise ConfigError(f'unknown format of events "{name}"{nearest(name, FORMATS)}')
    return FORMATS[name]


class EventSender:
    """Sends events to an address; a context manager.

    Parameters
    ----------
    port, host
        Where to.
    format_
        A name in `FORMATS`.
    datagram_bytes
        Most that a datagram holds.
    """

    def __init__(
        self,
        port: int,
        format_: str,
        host: str = "127.0.0.1",
        datagram_bytes: int = _DATAGRAM_BYTES,
    ) -> None:
        self._write, self._to = _written(format_), (host, port)
        self._bytes = datagram_bytes
        self._socket: socket.socket | None = None
        self._began: float | None = None  # of sending at a rate, by the performance counter
        self._events = 0
        self.datagrams = 0
        """that were sent"""

    def __enter__(self) -> Self:
        """Open a socket."""
        family = socket.AF_INET6 if ":" in self._to[0] else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.connect(self._to)
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def send(
        self,
        t_us: ArrayLike,
        x: ArrayLike,
        y: ArrayLike,
        p: ArrayLike,
        rate_hz: float = 0.0,
    ) -> None:
        """Send events in as few datagrams as they fit into.

        Parameters
        ----------
        t_us, x, y, p
            ``[n]`` each: microseconds, columns, rows, 1 ON or 0 OFF.
        rate_hz
            Events a second, over all calls; 0 as fast as the socket takes them.
        """
        events = self._write(*map(np.asarray, (t_us, x, y, p)))
        size = events.itemsize
        step = self._bytes // size * size
        whole = memoryview(events.tobytes())
        for at in range(0, len(whole), step):
            if rate_hz:
                self._wait(rate_hz)
            self.send_bytes(whole[at : at + step])
            self._events += len(whole[at : at + step]) // size

    def send_bytes(self, datagram: bytes | memoryview) -> None:
        """Send one datagram, whatever is in it."""
        if self._socket is None:
            raise RuntimeError("an EventSender sends after it was entered")
        self._socket.send(datagram)
        self.datagrams += 1

    def _wait(self, rate_hz: float) -> None:
        """Wait until the next event is due, counted from the first one that was."""
        if self._began is None:
            self._began, self._events = time.perf_counter(), 0
        left = self._began + self._events / rate_hz - time.perf_counter()
        if left > _SHORT_S:  # a sleep wakes up late; what is due meanwhile is sent at once
            time.sleep(left)
