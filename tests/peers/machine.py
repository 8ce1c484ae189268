"""What the figures were taken on, and how much of it others used meanwhile."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path


def processor():
    """Return the processor's name and the number of cores we may use."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()}, {len(os.sched_getaffinity(0))} cores"


def software():
    """Return kernel and Python."""
    return f"{platform.system()} {platform.release()}, Python {platform.python_version()}"


@dataclass(frozen=True)
class Usage:
    """All processors together since start-up, in ticks of the kernel's clock."""

    total: int
    steal: int
    """what the machine below us gave to somebody else"""

    @staticmethod
    def now():
        numbers = list(map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]))
        return Usage(sum(numbers), numbers[7])

    def steal_since(self, before):
        """Return the share of processor time that was taken away, 0 to 1."""
        return (self.steal - before.steal) / max(self.total - before.total, 1)


def load():
    """Return the mean number of running processes in the last minute."""
    return os.getloadavg()[0]
