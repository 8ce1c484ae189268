"""Where moving targets are: each goes round a closed path of straight legs at an even speed.

A target's place is a function of run time alone, so a plant keeps no state for it, and every plant
and bench that asks for the same time gets the same bits.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroloop.core.kernel import kernel
from neuroloop.core.world import Point, World

Floats = NDArray[np.float64]

FIRST, LEGS, LAP_US, WAY_COLUMNS = range(4)
"""columns of a target's way: its first leg, how many legs it has, and how long a lap takes"""

BEGINS_US, LEG_X, LEG_Y, SPEED_X, SPEED_Y, LEG_COLUMNS = range(6)
"""columns of a leg: when in a lap it begins, where, and its speed in metres a microsecond"""


@dataclass(frozen=True, eq=False)
class Courses:
    """The ways of all targets of a world, for kernels."""

    ways: Floats
    """``float64[targets, WAY_COLUMNS]``"""
    legs: Floats
    """``float64[legs, LEG_COLUMNS]``, one target after another"""
    fastest_mps: float
    """speed of the fastest target, 0 where there is none"""

    def places(self, t_us: int) -> list[Point]:
        """Return x, y in metres of each target at run time ``t_us``."""
        found: list[Any] = [place(self.ways, self.legs, i, t_us) for i in range(len(self.ways))]
        return [(float(x), float(y)) for x, y in found]


def courses_of(world: World) -> Courses:
    """Return the ways of a world's targets."""
    ways: list[list[float]] = []
    legs: list[list[float]] = []
    for target in world.target:
        first, begins_us = len(legs), 0.0
        speed = target.speed_mps / 1e6
        for a, b in zip(target.path, [*target.path[1:], target.path[0]], strict=True):
            length = math.dist(a, b)
            if length > 0.0:
                way = (speed * (b[0] - a[0]) / length, speed * (b[1] - a[1]) / length)
                legs.append([begins_us, *a, *way])
                begins_us += length / speed
        ways.append([first, len(legs) - first, begins_us])
    return Courses(
        np.array(ways, np.float64).reshape(len(ways), WAY_COLUMNS),
        np.array(legs, np.float64).reshape(len(legs), LEG_COLUMNS),
        max((target.speed_mps for target in world.target), default=0.0),
    )


@kernel
def place(ways, legs, i, t_us):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Return x, y in metres of target ``i`` at run time ``t_us``."""
    lap_us = t_us % ways[i, LAP_US]
    leg = int(ways[i, FIRST])
    last = leg + int(ways[i, LEGS]) - 1
    while leg < last and legs[leg + 1, BEGINS_US] <= lap_us:
        leg += 1
    on_us = lap_us - legs[leg, BEGINS_US]
    x = legs[leg, LEG_X] + on_us * legs[leg, SPEED_X]
    y = legs[leg, LEG_Y] + on_us * legs[leg, SPEED_Y]
    return x, y
