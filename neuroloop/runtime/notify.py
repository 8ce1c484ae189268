"""Tells a service manager how a run is doing, by the ``sd_notify`` protocol of systemd.

It is told READY when ticks are run, not when a process has started, and then twice in its watchdog
period that the run is alive: that tick after tick begins, and that the interpreter, which looks
after everything beside the tick, goes round.  Where one of them stands still nothing is said, and
the manager starts the run again.
"""

import logging
import os
import socket
import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from neuroloop.runtime.loop import Loop

_log = logging.getLogger("neuroloop.notify")
_LOOK_S = 2e-3
"""how often a run that begins is looked at"""
_STATUS_S = 10.0
"""between two words on how it goes, where no watchdog asks for more"""
_SEND_S = 1.0
_END_S = 2.0


@dataclass(frozen=True)
class Manager:
    """Who started this process and wants to know.

    Parameters
    ----------
    address
        Of its datagram socket: a path, or a name in the abstract namespace after "@".
    watchdog_us
        The process is ended when it was silent for so long; 0 where nobody looks.
    """

    address: str
    watchdog_us: int = 0

    def tell(self, **words: str | int) -> None:
        """Send words, as in ``tell(READY=1, STATUS="running")``; who is gone is no error.

        Words that begin with ``X_`` are for other listeners; systemd passes over them.
        """
        lines = (f"{name}={' '.join(str(value).split())}" for name, value in words.items())
        place = f"\0{self.address[1:]}" if self.address.startswith("@") else self.address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
                line.settimeout(_SEND_S)
                line.sendto("\n".join(lines).encode(), place)
        except OSError as error:
            _log.warning("the service manager at %s: %s", self.address, error)


def manager() -> Manager | None:
    """Return who wants to know of this process, as the environment says; None where nobody does."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return None
    if address[0] not in "/@":
        _log.warning("NOTIFY_SOCKET=%s: wanted a path, or @ and an abstract name", address)
        return None
    mine = os.environ.get("WATCHDOG_PID", "") in ("", str(os.getpid()))
    period = os.environ.get("WATCHDOG_USEC", "")
    return Manager(address, int(period) if mine and period.isdecimal() else 0)


class Pulse:
    """Whether a loop lives: its ticks, and the Python that looks after them."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._first = loop.next_index
        self._last = (-1, -1)

    @property
    def began_ns(self) -> int:
        """When its first tick was due, of the monotonic clock; 0 before a tick was run."""
        loop = self._loop
        if loop.live is None:
            return time.monotonic_ns() if loop.next_index > self._first else 0
        tick = loop.live.tick
        if tick is None or tick.index <= tick.first:
            return 0
        return time.monotonic_ns() - 1000 * (tick.now_us - tick.first * loop.dt_us)

    def beats(self) -> bool:
        """Whether both went on since this was asked last."""
        index, round_ = self._counts()
        before, self._last = self._last, (index, round_)
        return index > before[0] and round_ > before[1]

    @property
    def words(self) -> str:
        """How far it has come."""
        live = self._loop.live
        missed = f", {live.tick.missed:,} missed" if live is not None and live.tick else ""
        return f"{self._counts()[0]:,} ticks of {self._loop.dt_us} us{missed}"

    def _counts(self) -> tuple[int, int]:
        """Return the number of the next tick, and the one that Python last took note of."""
        loop = self._loop
        tick = loop.live.tick if loop.live is not None else None
        return (loop.next_index if tick is None else tick.index), loop.next_index


class Notices:
    """Tells a manager of one run, as its companion (`runtime.session.played`)."""

    def __init__(self, loop: Loop, manager: Manager) -> None:
        self._manager, self._pulse = manager, Pulse(loop)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="notices", daemon=True)

    def __enter__(self) -> Self:
        """Begin to look."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Say that the run is over; its wheels stand by then."""
        self._stop.set()
        self._thread.join(_END_S)
        why = "stopping" if error is None else f"stopping: {error}"
        self._manager.tell(STOPPING=1, STATUS=f"{why}, after {self._pulse.words}")

    def _run(self) -> None:
        while not (began_ns := self._pulse.began_ns):
            if self._stop.wait(_LOOK_S):
                return
        self._manager.tell(READY=1, STATUS="running", X_FIRST_TICK_NS=began_ns)
        watched = self._manager.watchdog_us > 0
        pause_s = self._manager.watchdog_us / 2e6 if watched else _STATUS_S
        while not self._stop.wait(pause_s):
            if self._pulse.beats():
                alive = {"WATCHDOG": 1} if watched else {}
                self._manager.tell(**alive, STATUS=self._pulse.words)
