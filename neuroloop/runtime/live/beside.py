"""Threads beside the live tick: a sensor, the parts in plain Python, the motors, the onlookers.

Each has a thread of its own, so that one that hangs keeps no other waiting, and is found out.
"""

import threading
import time
from collections.abc import Callable

from neuroloop.core.errors import NeuroloopError
from neuroloop.runtime import realtime

_LONGEST_BACK_OFF_S, _FIRST_BACK_OFF_S = 5.0, 0.1
_SECOND_NS = 1_000_000_000


class Beside:
    """Calls ``work`` again and again.

    Parameters
    ----------
    name
        In words, for messages: ``sensor "lidar"``.
    period_s
        From the end of one call to the next.
    again
        Mends what ``work`` works on after it raised; without it the thread ends with the error.
    priority
        Of SCHED_FIFO, where the machine grants it; 0 is an ordinary thread.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[], None],
        period_s: float,
        again: Callable[[], None] | None = None,
        priority: int = 0,
    ) -> None:
        self.name = name
        self.error: NeuroloopError | None = None
        """what it ended with"""
        self.failure = ""
        """why it does not work just now"""
        self.hung = False
        """whether it was found hanging, for who looks after it"""
        self._work, self._period_s, self._again = work, period_s, again
        self._priority = priority
        self.calls = 0
        """that returned"""
        self._since_ns = 0
        self._stop, self._roused = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Let the call at hand be the last one."""
        self._stop.set()
        self._roused.set()

    def rouse(self) -> None:
        """Let the next call come at once: there is work."""
        self._roused.set()

    def ended(self, seconds: float) -> bool:
        """Wait for the end; whether it came."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    @property
    def busy_s(self) -> float:
        """How long the call at hand has been going on."""
        since = self._since_ns
        return (time.monotonic_ns() - since) / _SECOND_NS if since else 0.0

    def _run(self) -> None:
        back_off_s = _FIRST_BACK_OFF_S
        if self._priority:
            realtime.hurry(self._priority)
        while not self._stop.is_set():
            self._since_ns = time.monotonic_ns()
            try:
                if self.failure and self._again is not None:
                    self._again()
                self._work()
            except NeuroloopError as error:
                if self._again is None:
                    self.error = error
                    return
                self.failure = str(error)
            else:
                self.failure, back_off_s = "", _FIRST_BACK_OFF_S
            finally:
                self._since_ns = 0
                self.calls += 1
            if self.failure:
                self._stop.wait(back_off_s)
                back_off_s = min(2 * back_off_s, _LONGEST_BACK_OFF_S)
            else:
                self._roused.wait(self._period_s)
                self._roused.clear()
