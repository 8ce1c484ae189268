"""How long another process waited for a core, as the kernel counts it.

A board has its processor for itself; here it is a process among others, and a watchdog that was not
given a core cannot stop anything.
"""

import threading
import time
from collections import deque
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Self

from neuroloop.runtime.companion import beside

_LOOK_S = 0.004
_KEPT = 20_000
_AROUND_NS = 50_000_000
_MS = 1_000_000


class Waits:
    """Watches one process, in a thread; start it with ``with``."""

    def __init__(self, pid: int) -> None:
        self._path = Path(f"/proc/{pid}/schedstat")
        self._seen: deque[tuple[int, int]] = deque(maxlen=_KEPT)
        self._looking = beside("waits", self._look)

    def __enter__(self) -> Self:
        """Begin to look."""
        self._looking.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Look no more."""
        self._looking.__exit__(kind, error, trace)

    def longest_ms(self, begin_ns: int, end_ns: int) -> float:
        """Return the longest wait from a little before to a little after, by the monotonic clock.

        Waits between two looks count as one.
        """
        seen = list(self._seen)
        around = [
            after - before
            for (_, before), (t_ns, after) in pairwise(seen)
            if begin_ns - _AROUND_NS <= t_ns <= end_ns + _AROUND_NS
        ]
        return max(around, default=0) / _MS

    def _look(self, stop: threading.Event) -> None:
        while not stop.wait(_LOOK_S):
            try:
                waited_ns = int(self._path.read_text("ascii").split()[1])
            except (OSError, IndexError):  # it ended, or this kernel does not count
                return
            self._seen.append((time.monotonic_ns(), waited_ns))
