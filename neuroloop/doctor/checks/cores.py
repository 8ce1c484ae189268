"""How much of the processor this process gets."""

import os
from collections.abc import Iterator
from pathlib import Path

from neuroloop.doctor.finding import Finding, note, ok

_QUOTA = Path("/sys/fs/cgroup/cpu.max")
_ENOUGH = 2.0


def findings() -> Iterator[Finding]:
    """Count the cores that are ours, and what a container leaves of them."""
    affinity = getattr(os, "sched_getaffinity", None)
    ours = len(affinity(0)) if affinity else os.cpu_count() or 1
    share = min(float(ours), _quota())
    detail = f"{ours} of {os.cpu_count()} usable"
    if share < ours:
        detail += f", limited to the time of {share:g}"
    if share < _ENOUGH:
        remedy = "a live tick and its sensors want a core each; simulation needs one"
        yield note("cores", detail, remedy, cores=share)
    else:
        yield ok("cores", detail, cores=share)


def _quota() -> float:
    """Return the cores' worth of time the container may use, infinite where nothing limits it."""
    try:
        most, period = _QUOTA.read_text().split()
        return int(most) / int(period)
    except (OSError, ValueError):  # no such file, or "max"
        return float("inf")
