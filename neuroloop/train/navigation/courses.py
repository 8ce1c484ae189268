"""Where to learn and where to be examined: generated worlds, as compiled code takes them."""

import math

import numpy as np

from neuroloop.bench import worlds
from neuroloop.core.world import World
from neuroloop.train.navigation.guide import clearances, costs_to_go
from neuroloop.train.navigation.rollout import NOISE_M, STEPS, Course, Floats, Task

KINDS = ("boxes", "clutter", "rooms")
LESSONS = ("boxes", "rooms", "clutter", "rooms")
"""kinds of the worlds of a round, over and over"""
GUIDED = ("rooms",)
"""where one scan is not enough to know the way"""
EXAM = 1_000_000_000
"""worlds from this seed on are for examinations, those below for lessons"""


def walls_of(world: World) -> Floats:
    """Return all surfaces of a world without discs, ``float64[k, 4]``."""
    outlines = [np.array(points) for points in (world.room, *(p.points for p in world.polygon))]
    ends = [np.hstack((points, np.roll(points, -1, axis=0))) for points in outlines]
    return np.ascontiguousarray(np.concatenate(ends), np.float64)


def tasks(kind: str, seed: int, pairs: int, *, guided: bool = False) -> list[Task]:
    """Return the drives of a generated world, without imperfections but the lidar's noise."""
    file = worlds.generate(kind, seed, pairs)
    walls = walls_of(file.world)
    drives = [Course(*pose) for pose in np.hstack((file.starts, file.goals)).tolist()]
    if not guided:
        return [Task(kind, walls, drive) for drive in drives]
    clear = clearances(walls)
    return [Task(kind, walls, d, costs_to_go(clear, d.goal_x, d.goal_y)) for d in drives]


def lessons(number: int, size: int, rng: np.random.Generator) -> list[Task]:
    """Return the drives of a round: worlds of their own, each drive with imperfections of its own.

    Beams drop out, noise is up to twice as large, motion comes 80 to 200 ms after its reading,
    and a wheel runs a little faster or slower than it was told.
    """
    drawn: list[Task] = []
    per_world = 4
    for k in range(math.ceil(size / per_world)):
        kind = LESSONS[k % len(LESSONS)]
        drawn += tasks(kind, number * size + k, per_world, guided=kind in GUIDED)
    return [task._replace(course=_imperfect(task.course, rng)) for task in drawn[:size]]


def _imperfect(course: Course, rng: np.random.Generator) -> Course:
    gains = rng.uniform(0.93, 1.07, 2)
    return course._replace(
        noise_m=NOISE_M * float(rng.uniform(1.0, 2.0)),
        dropout=float(rng.uniform(0.0, 0.15)) if rng.random() < 0.7 else 0.0,
        delay_steps=int(rng.integers(STEPS - 2, 2 * STEPS + 1)),
        left_gain=float(gains[0]),
        right_gain=float(gains[1]),
    )


def exam(per_kind: int, pairs: int, first: int = EXAM) -> list[Task]:
    """Return drives in worlds that no lesson takes place in."""
    seeds = range(first, first + per_kind)
    return [task for kind in KINDS for seed in seeds for task in tasks(kind, seed, pairs)]
