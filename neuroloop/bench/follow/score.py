"""``neuroloop bench follow``: courses through the user's own run file and loop."""

import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neuroloop.bench.follow import courses
from neuroloop.config import runfile, world
from neuroloop.core.course import courses_of
from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Plant
from neuroloop.core.values import UInt8s
from neuroloop.core.world import World
from neuroloop.runtime.episode import End
from neuroloop.runtime.loop import Loop
from neuroloop.runtime.session import played

T_S, X_M, Y_M, YAW_RAD, TARGET_X_M, TARGET_Y_M, COLUMNS = range(7)
"""columns of a trace: one row each `LOOK_US`"""
LOOK_US = 50_000

# PyBullet's rays would cost more than all the rest, and the lidar is for the guard alone
_FAST = ["plant.lidar=outlines"]


@dataclass(frozen=True)
class Limits:
    """When the target counts as followed."""

    distance_m: float = 2.0
    """from the middle of the robot to that of the target"""
    bearing_deg: float = 20.0
    """from where the robot looks"""
    share: float = 0.9
    """of the time, from the first tick on, in a course that succeeds"""


@dataclass(frozen=True, eq=False)
class Result:
    """One course."""

    seed: int
    world: World
    rows: NDArray[np.float64]
    """``float64[n, COLUMNS]``"""
    contacts: int

    @property
    def distance_m(self) -> NDArray[np.float64]:
        """How far the target is, ``float64[n]``."""
        way = self.rows[:, TARGET_X_M : TARGET_Y_M + 1] - self.rows[:, X_M : Y_M + 1]
        apart: NDArray[np.float64] = np.hypot(way[:, 0], way[:, 1])
        return apart

    @property
    def bearing_deg(self) -> NDArray[np.float64]:
        """Where it is seen from the robot, ``float64[n]`` in -180...180, left positive."""
        x, y = (self.rows[:, TARGET_X_M + k] - self.rows[:, X_M + k] for k in (0, 1))
        turned = np.arctan2(y, x) - self.rows[:, YAW_RAD]
        bearing: NDArray[np.float64] = np.degrees((turned + math.pi) % (2 * math.pi) - math.pi)
        return bearing

    def followed(self, limits: Limits) -> NDArray[np.bool_]:
        """When it is followed, ``bool[n]``."""
        near = self.distance_m < limits.distance_m
        good: NDArray[np.bool_] = near & (np.abs(self.bearing_deg) < limits.bearing_deg)
        return good

    def share(self, limits: Limits) -> float:
        """Part of the time in which it is followed."""
        return float(self.followed(limits).mean())

    def found_s(self, limits: Limits) -> float:
        """When it is followed for the first time, in seconds; infinity where it never is."""
        good = np.flatnonzero(self.followed(limits))
        return float(self.rows[good[0], T_S]) if len(good) else math.inf


class _Look:
    """A sink that notes where robot and target are."""

    def __init__(self, plant: Plant) -> None:
        self._plant, self._courses = plant, courses_of(plant.world)
        self._next_us = 0
        self.rows: list[tuple[float, ...]] = []

    def take(self, record: UInt8s, outcome: UInt8s) -> None:
        """Look after a tick."""
        del record, outcome
        t_us = self._plant.t_us
        if t_us >= self._next_us:
            self._next_us += LOOK_US
            target = self._courses.places(t_us)[0]
            self.rows.append((t_us / 1e6, *self._plant.pose(), *target))


@dataclass(frozen=True)
class Task:
    """One bench."""

    plant: str
    courses: int
    seed: int
    seconds: float
    changes: tuple[str, ...]

    def run(self, done: Callable[[Result], None]) -> list[Result]:
        """Drive all courses, one after another."""
        given = runfile.load("follow", self._changes())
        if given.plant is None:
            raise ConfigError(f"{given.path}: a bench needs a [plant]")
        room = world.load(given.plant.config.world, given.folder, "plant.world")
        results = []
        with tempfile.TemporaryDirectory(prefix="follow") as folder:
            for seed in range(self.seed, self.seed + self.courses):
                results.append(self._drive(courses.course(room, seed), seed, Path(folder)))
                done(results[-1])
        return results

    def _changes(self) -> list[str]:
        fast = _FAST if self.plant == "bullet" else ()
        return [f"plant.kind={self.plant}", *fast, *self.changes]

    def _drive(self, place: World, seed: int, folder: Path) -> Result:
        path = folder / f"course{seed}.toml"
        courses.write(place, path)
        looks: list[_Look] = []

        def look(loop: Loop) -> Sequence[_Look]:
            if loop.plant is None:
                raise TypeError("a course has a plant")
            looks.append(_Look(loop.plant))
            return looks

        changes = [
            *self._changes(),
            f'plant.world="{path}"',
            f"run.seed={seed}",
            f"run.seconds={self.seconds}",
        ]
        with played(runfile.load("follow", changes), look) as session:
            if session.loop.episode.end is End.STOPPED:
                raise KeyboardInterrupt
            return Result(seed, place, np.array(looks[0].rows), session.loop.episode.contacts)
