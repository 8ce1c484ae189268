"""Clutter: a hundred small convex things, none in a group, so that nothing is a trap."""

import math

import numpy as np

from neuroloop.bench.worlds._shapes import CENTRE, HALF_M, ROOM, Floats, outline
from neuroloop.core.world import Polygon, World

_COUNT = (80, 120)
_SIZE_M = (0.2, 0.8)
_GAP_M = 0.76
_CORNERS = (3, 7)
_TRIES = 1_000


def generate(seed: int) -> World:
    """Return the world of a seed; its start is a place-holder."""
    rng = np.random.default_rng([seed, *b"clutter"])
    radii = rng.uniform(*_SIZE_M, rng.integers(*_COUNT, endpoint=True)) / 2
    things = np.empty((0, 3))
    # the large ones first, while there is room for them
    for radius in np.sort(radii)[::-1]:
        things = np.vstack((things, _placed(rng, things, radius)))
    polygons = [
        Polygon(outline(_convex(rng, radius) + np.array((x, y)))) for x, y, radius in things
    ]
    return World(f"clutter_{seed}", ROOM, CENTRE, polygon=polygons)


def _placed(rng: np.random.Generator, things: Floats, radius: float) -> Floats:
    """Return x, y, radius of one more thing, or no row where no place for it was found."""
    reach = HALF_M - _GAP_M - radius
    for _ in range(_TRIES):
        centre = rng.uniform(-reach, reach, 2)
        away = np.hypot(*(things[:, :2] - centre).T)
        if np.all(away >= things[:, 2] + radius + _GAP_M):
            return np.array([(*centre, radius)])
    return np.empty((0, 3))


def _convex(rng: np.random.Generator, radius: float) -> Floats:
    """Return corners on a circle, unevenly spaced."""
    n = int(rng.integers(*_CORNERS, endpoint=True))
    angle = (np.arange(n) + rng.uniform(-0.3, 0.3, n)) * (2 * math.pi / n) + rng.uniform(0, 7)
    return radius * np.column_stack((np.cos(angle), np.sin(angle)))
