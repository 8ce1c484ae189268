"""Clutter: a hundred small convex things, none in a group, so that nothing is a trap."""

import math

import numpy as np

from neuroloop.bench.worlds._shapes import CENTRE, HALF_M, ROOM, Floats, outline
from neuroloop.core.world import Polygon, World

_COUNT = (80, 120)
_SIZE_M = (0.2, 0.8)
_GAP_M = 0.76
_CORNERS = (3, 7)


def generate(seed: int) -> World:
    """Return the world of a seed; its start is a place-holder."""
    rng = np.random.default_rng([seed, *b"clutter"])
    radii = rng.uniform(*_SIZE_M, rng.integers(*_COUNT, endpoint=True)) / 2
    centres = np.empty((0, 2))
    # the large ones first, while there is room for them
    radii = np.sort(radii)[::-1]
    for i, radius in enumerate(radii):
        reach = HALF_M - _GAP_M - radius
        while True:
            centre = rng.uniform(-reach, reach, 2)
            away = np.hypot(*(centres - centre).T)
            if np.all(away >= radii[:i] + radius + _GAP_M):
                break
        centres = np.vstack((centres, centre))
    polygons = [
        Polygon(outline(centre + _convex(rng, radius)))
        for centre, radius in zip(centres, radii, strict=True)
    ]
    return World(f"clutter_{seed}", ROOM, CENTRE, polygon=polygons)


def _convex(rng: np.random.Generator, radius: float) -> Floats:
    """Return corners on a circle, unevenly spaced."""
    n = int(rng.integers(*_CORNERS, endpoint=True))
    angle = (np.arange(n) + rng.uniform(-0.3, 0.3, n)) * (2 * math.pi / n) + rng.uniform(0, 7)
    return radius * np.column_stack((np.cos(angle), np.sin(angle)))
