"""Pairs of start and goal in a world, each of which a disc of 0.30 m can drive."""

import math

import numpy as np

from neuroloop.config.free_floor import Floats, clearance_m, regions
from neuroloop.core.errors import ConfigError
from neuroloop.core.world import World

RADIUS_M = 0.30
START_CLEARANCE_M = 0.5
GOAL_CLEARANCE_M = 0.4
APART_M = 6.0

_CANDIDATES = 4_000
_TRIES = 32
_ROUND = 3


def draw(world: World, seed: int, pairs: int) -> tuple[Floats, Floats]:
    """Return ``float64[pairs, 3]`` starts (x, y, yaw) and ``float64[pairs, 2]`` goals (x, y).

    Goals lie `APART_M` or more from their starts where one of `_TRIES` does, else at the farthest.

    Raises
    ------
    ConfigError
        Where the world has no floor that is free enough.
    """
    rng = np.random.default_rng([seed, *b"pairs"])
    low, high = np.min(world.room, axis=0), np.max(world.room, axis=0)
    places = rng.uniform(low, high, (_CANDIDATES, 2)).round(_ROUND)
    gap = clearance_m(world, places)
    roomy = gap >= GOAL_CLEARANCE_M
    places, gap = places[roomy], gap[roomy]
    region = regions(world, places, RADIUS_M)
    places, gap = places[region == _largest(region)], gap[region == _largest(region)]
    free = places[gap >= START_CLEARANCE_M]
    if not len(free):
        raise ConfigError(
            f'world "{world.name}": no place is {START_CLEARANCE_M} m from all that is solid'
        )
    at = free[rng.integers(len(free), size=pairs)]
    yaw = rng.uniform(-math.pi, math.pi, (pairs, 1)).round(_ROUND)
    tried = places[rng.integers(len(places), size=(pairs, _TRIES))]
    away = np.hypot(*np.moveaxis(tried - at[:, None, :], 2, 0))
    # the first that is far enough; of those that are not, the farthest
    best = np.argmax(np.minimum(away, APART_M), axis=1)
    return np.hstack((at, yaw)), tried[np.arange(pairs), best]


def _largest(region: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> int:
    counts = np.bincount(region[region >= 0])
    return int(np.argmax(counts)) if len(counts) else 0
