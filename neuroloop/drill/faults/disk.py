"""The disk is full while a log is being written."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager

from neuroloop.core.errors import Exit
from neuroloop.drill.drill import Drill
from neuroloop.drill.plays import Stops
from neuroloop.drill.robot import AnyRobot

_ENOUGH = 1 << 16
"""bytes; what the run prints stays below, so that it can still say what went wrong"""
_ENOUGH_S = 5.0


@contextmanager
def _full(robot: AnyRobot) -> Iterator[None]:
    """Let no file of the brain grow beyond the log: the kernel fails the next write of it."""
    log = robot.folder / "scans.txt.part"
    robot.wait_until(lambda: log.stat().st_size > _ENOUGH, _ENOUGH_S, "it wrote no log")
    written = log.stat().st_size
    robot.mark()
    resource.prlimit(robot.brain, resource.RLIMIT_FSIZE, (written, resource.RLIM_INFINITY))
    yield


DRILLS = (
    # large scans at a high rate: a file is written when its buffer is full
    Drill(
        "disk-full",
        "no byte more for the log of scans (RLIMIT_FSIZE)",
        "stops; the run ends and names the file",
        "cannot write .*scans.txt: File too large",
        Stops(_full, lasts_s=1.5, exit_code=Exit.MACHINE),
        (
            'sink.log={kind="lidar_log", source="scanner", path="{folder}/scans.txt"}',
            'sensor.scanner={kind="plant.lidar", mount="scanner", rate_hz=50, latency_ms=5}',
        ),
    ),
)
