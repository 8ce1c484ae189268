"""What the machine grants a live run: priority, locked memory, a core, and how much of a core."""

import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from neuroloop.doctor.finding import Finding, note, ok
from neuroloop.doctor.remedy import as_root, limit
from neuroloop.runtime import realtime

_KERNEL = Path("/proc/sys/kernel")
_ENOUGH = 0.5
"""of a core's time, for real-time threads"""


def findings() -> Iterator[Finding]:
    """Ask for all of it, in a thread that ends at once, and give it back."""
    if not sys.platform.startswith("linux"):
        yield note("SCHED_FIFO", "Linux only; simulation does without")
        return
    granted = _granted()
    refused = dict(why.split(": ", 1) for why in granted.refused)
    if granted.fifo:
        yield ok("SCHED_FIFO", f"granted, priority {realtime.PRIORITY}")
    else:
        detail = f"refused ({refused['SCHED_FIFO']}): live ticks run at ordinary priority"
        yield note("SCHED_FIFO", detail, limit("rtprio", "80"))
    yield from _share()
    if granted.locked:
        yield ok("memory", "can be locked: live ticks never wait for the disk")
    else:
        why = refused.get("memory locking", "the kernel refused it")
        detail = f"not locked ({why}): a live tick may wait for the disk"
        yield note("memory", detail, _unlimited())
    if granted.core is None:
        yield note("one core", f"{refused['one core']}; `clock.pin` has no effect")
    else:
        yield ok("one core", f"core {granted.core}, where `clock.pin` asks for it")


def _granted() -> realtime.Granted:
    with realtime.locked_memory(), ThreadPoolExecutor(1) as thread:
        return thread.submit(realtime.ask, realtime.PRIORITY, pin=True).result()


def _share() -> Iterator[Finding]:
    """Yield how much of a core real-time threads get before ordinary ones have their turn."""
    try:
        runtime, period = (
            int((_KERNEL / f"sched_rt_{name}_us").read_text("ascii"))
            for name in ("runtime", "period")
        )
    except OSError:  # a kernel, or a container, without
        return
    if runtime < 0:
        yield ok("share", "no limit: a real-time thread that never sleeps has a core for ever")
    elif runtime >= _ENOUGH * period:
        yield ok("share", f"{100 * runtime / period:g} % of a core for real-time threads")
    else:
        detail = f"only {100 * runtime / period:g} % of a core for real-time threads"
        yield note("share", detail, as_root("sysctl kernel.sched_rt_runtime_us=950000"))


def _unlimited() -> str:
    if os.geteuid() == 0:
        return "this is root without the right: a container needs --ulimit memlock=-1"
    return limit("memlock", "unlimited")
