"""Boxes: walls and blocks, alone and in groups that make corners and pockets.

Most stand along the room's axes, some are turned, some lean on the room's walls.  What does not
touch is 0.9 m apart or more.
"""

import math
from collections.abc import Sequence

import numpy as np

from neuroloop.bench.worlds._shapes import (
    CENTRE,
    HALF_M,
    ROOM,
    Floats,
    gap_m,
    outline,
    rectangle,
    turned,
)
from neuroloop.core.world import Polygon, World

_COUNT = (25, 35)
_GAP_M = 0.9
_TRIES = 200
_BLOCKS = 60
"""blocks tried, ever smaller ones, until there are enough"""
_THIN_M = 0.6
_OVERLAP_M = 0.05
"""of boxes that touch, lest a beam finds the gap that rounding leaves"""
_LEANING = 0.25
_TURNED = 0.35

Group = list[Floats]
"""boxes that touch, round the origin"""


def generate(seed: int) -> World:
    """Return the world of a seed; its start is a place-holder."""
    rng = np.random.default_rng([seed, *b"boxes"])
    wanted = int(rng.integers(*_COUNT, endpoint=True))
    boxes: Group = []
    for draw in (_pocket, _pocket, _corner, _tee, *[_wall] * 4, *[_pile] * 3):
        boxes += _place(rng, boxes, draw(rng))
    for largest_m in np.linspace(3.0, _THIN_M, _BLOCKS):
        if len(boxes) < wanted:
            boxes += _place(rng, boxes, [_block(rng, largest_m)])
    return World(f"boxes_{seed}", ROOM, CENTRE, polygon=[Polygon(outline(b)) for b in boxes])


def _place(rng: np.random.Generator, boxes: Sequence[Floats], group: Group) -> Group:
    """Return the group where there is room for it, empty where none was found."""
    # chosen before the tries: a crowded room must not favour those that fit more easily
    leans = rng.random() < _LEANING
    upright = leans or rng.random() >= _TURNED
    for _ in range(_TRIES):
        angle = rng.integers(4) * math.pi / 2 if upright else rng.uniform(0, 2 * math.pi)
        here = [turned(box, angle) for box in group]
        corners = np.concatenate(here)
        low, high = -HALF_M - corners.min(axis=0), HALF_M - corners.max(axis=0)
        shift = rng.uniform(low, high)
        if leans:
            axis = rng.integers(2)
            shift[axis] = rng.choice((low[axis], high[axis]))
        here = [box + shift for box in here]
        if _fits(here, boxes, int(leans)):
            return here
    return []


def _fits(here: Group, boxes: Sequence[Floats], walls_touched: int) -> bool:
    corners = np.concatenate(here)
    to_walls = np.sort([*(HALF_M + corners.min(axis=0)), *(HALF_M - corners.max(axis=0))])
    if to_walls[walls_touched] < _GAP_M:
        return False
    return all(gap_m(box, other) >= _GAP_M for box in here for other in boxes)


def _pocket(rng: np.random.Generator) -> Group:
    """Return three walls round a place that is open to one side."""
    half, depth = rng.uniform(1.5, 2.5), rng.uniform(1.2, 2.2)
    left, right = _upright(-half, depth), _upright(half - _THIN_M, depth)
    return [_lying(-half, half), left, right]


def _corner(rng: np.random.Generator) -> Group:
    half = rng.uniform(1.2, 2.2)
    return [_lying(-half, half), _upright(-half, rng.uniform(1.5, 3.5))]


def _tee(rng: np.random.Generator) -> Group:
    half = rng.uniform(1.5, 2.5)
    foot = rng.uniform(-half + 1.0, half - 1.0 - _THIN_M)
    return [_lying(-half, half), _upright(foot, rng.uniform(1.0, 3.0))]


def _wall(rng: np.random.Generator) -> Group:
    half, thick = rng.uniform(1.25, 2.5), rng.uniform(_THIN_M, 1.0)
    return [rectangle((-half, 0.0), (half, thick))]


def _pile(rng: np.random.Generator) -> Group:
    """Return two blocks, one against the other."""
    first, second = _block(rng, 2.5), _block(rng, 2.5)
    x = first[:, 0].max() - second[:, 0].min() - _OVERLAP_M
    overlap = (np.ptp(first[:, 1]) + np.ptp(second[:, 1])) / 2 - 0.3
    return [first, second + np.array((x, rng.uniform(-overlap, overlap)))]


def _block(rng: np.random.Generator, largest_m: float) -> Floats:
    x, y = rng.uniform(_THIN_M, largest_m, 2) / 2
    return rectangle((-x, -y), (x, y))


def _lying(left: float, right: float) -> Floats:
    return rectangle((left, -_THIN_M), (right, 0.0))


def _upright(left: float, top: float) -> Floats:
    return rectangle((left, -_OVERLAP_M), (left + _THIN_M, top))
