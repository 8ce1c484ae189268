"""Which machine was measured, and who else was at work on it."""

import os
import platform
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

_STEAL, _IDLE, _WAIT = 7, 3, 4
"""columns of /proc/stat"""


@dataclass(frozen=True)
class Machine:
    """What a figure belongs to."""

    cpu: str
    cores: int
    """that this process may use"""
    system: str
    python: str
    versions: dict[str, str]


@dataclass(frozen=True)
class Quiet:
    """How alone a measurement was; the percentages are of all cores' time while it ran."""

    load: float
    """of the last minute, where the system tells"""
    steal_percent: float
    """what the machine below this virtual one took"""
    others_percent: float
    """what other processes took"""


def machine() -> Machine:
    """Describe this machine."""
    affinity = getattr(os, "sched_getaffinity", None)
    packages = ("neuroloop", "numpy", "numba", "llvmlite")
    return Machine(
        cpu=_cpu(),
        cores=len(affinity(0)) if affinity else os.cpu_count() or 1,
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        versions={name: version(name) for name in packages},
    )


class Neighbours:
    """Looks at the processor's time from its making on."""

    def __init__(self) -> None:
        self._before, self._own = _jiffies(), time.process_time()

    def seen(self) -> Quiet:
        """Return what happened since."""
        spent = [b - a for a, b in zip(self._before, _jiffies(), strict=True)]
        total = sum(spent) or 1
        own = (time.process_time() - self._own) * os.sysconf("SC_CLK_TCK")
        steal = spent[_STEAL] if len(spent) > _STEAL else 0
        busy = total - steal - sum(spent[_IDLE : _WAIT + 1])
        load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
        return Quiet(load, 100.0 * steal / total, 100.0 * max(busy - own, 0.0) / total)


def _jiffies() -> list[int]:
    try:
        words = Path("/proc/stat").read_text("ascii").partition("\n")[0].split()[1:9]
    except OSError:  # no Linux
        return [0] * 8
    return [int(word) for word in words]


def _cpu() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        text = ""
    names = [line.partition(":")[2].strip() for line in text.splitlines() if "model name" in line]
    return names[0] if names else platform.processor() or platform.machine()
