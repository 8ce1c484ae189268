"""A world as arrays for the kernels: one row a wall, one row a post.

Walls are directed: the solid side lies on the left.  So a ray that crosses one from right to left
goes in, the other way it comes out.
"""

import math

import numpy as np
from numpy.typing import NDArray

from neuroloop.config.world import area, corners
from neuroloop.core.course import place
from neuroloop.core.kernel import kernel
from neuroloop.core.world import Point, World

Floats = NDArray[np.float64]

X1, Y1, X2, Y2, INVERSE, HEIGHT, GREY, ALONG, IS_ROOM, WALL_COLUMNS = range(10)
"""columns of a wall: its ends in metres, 1/length², height in metres, grey 0..1, metres round the
outline at its first end (stripes go on round corners), whether it is the room's"""

PX, PY, RADIUS, POST_HEIGHT, POST_GREY, POST_COLUMNS = range(6)
"""columns of a post"""


def walls_of(world: World) -> Floats:
    """Return ``float64[walls, WALL_COLUMNS]``, the room's first."""
    room = corners(world.room)
    if area(room) > 0:
        room.reverse()
    rows = _outline(room, world.wall_height_m, world.wall_grey, is_room=True)
    for polygon in world.polygon:
        points = corners(polygon.points)
        if area(points) < 0:
            points.reverse()
        rows += _outline(points, polygon.height_m, polygon.grey, is_room=False)
    return np.array(rows)


def posts_of(world: World) -> Floats:
    """Return ``float64[posts, POST_COLUMNS]``; the last are the targets, where they begin."""
    rows = [(*d.centre, d.radius_m, d.height_m, d.grey) for d in world.disc]
    rows += [(*t.path[0], t.radius_m, t.height_m, t.grey) for t in world.target]
    return np.array(rows, np.float64).reshape(len(rows), POST_COLUMNS)


@kernel
def move_targets(posts, ways, legs, t_us):
    """Put the targets, which are the last posts, where they are at run time ``t_us``."""
    first = posts.shape[0] - ways.shape[0]
    for i in range(ways.shape[0]):
        posts[first + i, PX], posts[first + i, PY] = place(ways, legs, i, t_us)


def _outline(
    points: list[Point], height_m: float, grey: float, *, is_room: bool
) -> list[list[float]]:
    rows, along = [], 0.0
    for a, b in zip(points, [*points[1:], points[0]], strict=True):
        length = math.dist(a, b)
        rows.append([*a, *b, 1 / length**2, height_m, grey, along, float(is_room)])
        along += length
    return rows
