"""The machine: cores that others take, a clock that somebody sets."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from neuroloop.bench.loop.stress import stressed
from neuroloop.drill.drill import Drill
from neuroloop.drill.permissions import SYS_NICE, SYS_TIME, lacks
from neuroloop.drill.plays import GoesOn
from neuroloop.drill.robot import AnyRobot

_HOG_S, _HOG_PRIORITY = 0.5, 20
"""below the tick and the body, above everything else"""
_HOG = """\
import os, sys, time
core, priority, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
os.sched_setaffinity(0, {core})
os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
print(time.monotonic_ns(), flush=True)
end = time.monotonic() + seconds
while time.monotonic() < end:
    pass
"""
_HOUR_S = 3600


@contextmanager
def _starved(robot: AnyRobot) -> Iterator[None]:
    """Keep every core busy, at ordinary priority."""
    with stressed(("cpu",)):
        robot.mark()
        yield


@contextmanager
def _hogged(robot: AnyRobot) -> Iterator[None]:
    """Keep every core from everything of ordinary priority for half a second.

    The fault begins when the last core is taken.  The hogs say themselves when that was: they leave
    no core to look at them.
    """
    command, tail = [sys.executable, "-c", _HOG], [str(_HOG_PRIORITY), str(_HOG_S)]
    hogs = [
        subprocess.Popen([*command, str(core), *tail], stdout=subprocess.PIPE)
        for core in sorted(os.sched_getaffinity(0))
    ]
    try:
        yield
        robot.fault_ns = max(int(hog.communicate(timeout=10 * _HOG_S)[0]) for hog in hogs)
    finally:
        for hog in hogs:
            hog.kill()
            hog.communicate()


@contextmanager
def stepped(robot: AnyRobot) -> Iterator[None]:
    """Set the machine's clock an hour ahead, then an hour behind, then back."""
    behind_ns = time.time_ns() - time.monotonic_ns()

    def set_clock(seconds: int) -> None:
        time.clock_settime_ns(
            time.CLOCK_REALTIME, time.monotonic_ns() + behind_ns + seconds * 10**9
        )

    robot.mark()
    try:
        for hours in (1, -1):
            set_clock(hours * _HOUR_S)
            time.sleep(0.2)
        set_clock(0)
        yield
    finally:
        set_clock(0)


DRILLS = (
    Drill(
        "cpu-starved",
        "busy processes on all cores, of ordinary priority",
        "goes on, or stops",
        "armed since|stopped at|held for|no core",
        GoesOn(_starved, lasts_s=1.5, may_stop=True),
    ),
    Drill(
        "cpu-hogged",
        "real-time processes on all cores for 0.5 s, below the tick",
        "goes on, or stops",
        "armed since|stopped at|held for|no core",
        GoesOn(_hogged, lasts_s=0.7, may_stop=True),
        lacks=lambda: lacks(SYS_NICE),
    ),
    Drill(
        "clock-stepped",
        "the wall clock is set an hour ahead, then an hour behind",
        "goes on",
        "armed since",
        GoesOn(stepped),
        lacks=lambda: lacks(SYS_TIME),
    ),
)
