"""How alone a stretch of a measurement was, and on what it ran."""

import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

MOST_STEAL_PERCENT = 1.0
MOST_TRIES = 3
_STEAL = 7
"""column of /proc/stat"""


@dataclass(frozen=True)
class Around:
    """What else happened during a stretch."""

    steal_percent: float
    """of all cores' time, what the machine below this virtual one took"""
    load: float
    """of the last minute, at its end"""
    tries: int
    """how often it was run; earlier ones had more than `MOST_STEAL_PERCENT`"""

    @property
    def disturbed(self) -> bool:
        """Whether even the last try had too much of it."""
        return self.steal_percent > MOST_STEAL_PERCENT


def undisturbed(work: Callable[[], T]) -> tuple[T, Around]:
    """Do it again, a few times at most, where much of the time was stolen from this machine."""
    for tries in range(1, MOST_TRIES + 1):
        before = _jiffies()
        found = work()
        spent = [b - a for a, b in zip(before, _jiffies(), strict=True)]
        steal = 100.0 * spent[_STEAL] / (sum(spent) or 1)
        around = Around(steal, os.getloadavg()[0], tries)
        if not around.disturbed:
            break
    return found, around


def kernel() -> str:
    """Name the kernel, its kind of preemption and the cores this process may use."""
    cores = len(os.sched_getaffinity(0))
    kind = "PREEMPT_RT" if "PREEMPT_RT" in platform.version() else platform.machine()
    return f"{platform.system()} {platform.release()} ({kind}), {cores} cores"


def _jiffies() -> list[int]:
    return [int(word) for word in Path("/proc/stat").read_text("ascii").split()[1:9]]
