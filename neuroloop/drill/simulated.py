"""The body of the drills' robot in a simulated world: a process that writes a black box."""

from pathlib import Path

import numpy as np

from neuroloop.core.black_box import AWAKE, RECORD, Records, read_black_box
from neuroloop.core.command import Verdict
from neuroloop.core.errors import NeuroloopError, PartError
from neuroloop.drill import judge
from neuroloop.drill.processes import Process, descendants
from neuroloop.drill.robot import FOLDER, Robot

RUN_FILE = FOLDER / "robot.toml"


class SimulatedBody:
    """Its black box tells what it did.

    Parameters
    ----------
    folder
        Of the robot's run.
    """

    remote = False

    def __init__(self, folder: Path) -> None:
        self.black_box = folder / "black_box"
        self._before = np.zeros(len(Verdict), np.uint32)

    def attend(self, worker: int) -> None:
        """Leave it as it is: what such processes go through is part of the drills."""

    def leave_behind(self) -> None:
        """Take down how often each verdict was given so far."""
        box = box_of(self.black_box)
        if len(box):
            self._before = box["verdicts"][-1].copy()

    def box(self, began_ns: int) -> Records:
        """Return its black box since then; without records where there is none."""
        box = judge.between(box_of(self.black_box), began_ns)
        box["verdicts"] -= self._before
        return box

    def gap_ms(self, begin_ns: int, end_ns: int) -> float:
        """Return the longest time without a core, by the body's own stamps."""
        return judge.worst_gap_ms(box_of(self.black_box), begin_ns, end_ns)

    def words(self, box: Records) -> list[str]:
        """Return what the black box says of commands and of its end."""
        if not len(box):
            return []
        lines = [f"black box: {line}" for line in judge.refusals(box)]
        if not box["flags"][-1] & AWAKE:
            silent_ms = box["heard_ns"][-1] / 1e6
            watchdog = "the body's watchdog stopped the wheels"
            lines.append(f"black box: no command for {silent_ms:.0f} ms: {watchdog}")
        return lines


SimulatedRobot = Robot[SimulatedBody]


def box_of(path: Path) -> Records:
    """Return a whole black box; without records where there is none."""
    try:
        return read_black_box(path)
    except NeuroloopError:
        return np.empty(0, RECORD)


def body_process(robot: SimulatedRobot) -> int:
    """Return the process of the world, found by the black box that it writes."""
    return next(p.pid for p in _workers(robot) if p.maps(robot.body.black_box))


def sensor_process(robot: SimulatedRobot) -> int:
    """Return the process of the sensor that lives alone."""
    return next(p.pid for p in _workers(robot) if not p.maps(robot.body.black_box))


def _workers(robot: SimulatedRobot) -> list[Process]:
    found = [p for p in descendants(robot.brain) if "host.worker" in p.command]
    if len(found) != 2:
        raise PartError(f"the drill's robot has {len(found)} processes beside it, not two")
    return found
