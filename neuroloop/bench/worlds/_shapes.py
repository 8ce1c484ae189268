"""Convex outlines in the room of the generated worlds."""

import math

import numpy as np
from numpy.typing import NDArray

from neuroloop.core.world import Point

Floats = NDArray[np.float64]

HALF_M = 10.0
"""the room reaches from -10 m to 10 m in x and y"""
ROOM: list[Point] = [(-HALF_M, -HALF_M), (HALF_M, -HALF_M), (HALF_M, HALF_M), (-HALF_M, HALF_M)]
CENTRE = (0.0, 0.0, 0.0)
"""a start for worlds whose pairs are drawn later"""

_ROUND = 3


def rectangle(low: Point, high: Point) -> Floats:
    """Return ``float64[4, 2]``, counter-clockwise."""
    (x1, y1), (x2, y2) = low, high
    return np.array([(x1, y1), (x2, y1), (x2, y2), (x1, y2)])


def turned(points: Floats, angle_rad: float) -> Floats:
    """Return the points turned counter-clockwise about the origin."""
    c, s = math.cos(angle_rad), math.sin(angle_rad)
    there: Floats = points @ np.array([(c, s), (-s, c)])
    return there


def outline(points: Floats) -> list[Point]:
    """Return the points to the millimetre, where the last bits of a sine are of no matter."""
    return [(float(x), float(y)) for x, y in points.round(_ROUND) + 0.0]


def gap_m(a: Floats, b: Floats) -> float:
    """Return a lower bound of the distance of two convex outlines, 0 or less where they touch.

    It is the widest gap between their shadows on the normals of all edges (separating axes): the
    distance itself, but where a corner faces a corner.
    """
    edges = np.concatenate((np.roll(a, -1, axis=0) - a, np.roll(b, -1, axis=0) - b))
    normals = np.column_stack((edges[:, 1], -edges[:, 0]))
    normals /= np.hypot(normals[:, 0], normals[:, 1])[:, None]
    on_a, on_b = a @ normals.T, b @ normals.T
    gaps = np.maximum(on_b.min(axis=0) - on_a.max(axis=0), on_a.min(axis=0) - on_b.max(axis=0))
    return float(gaps.max())
