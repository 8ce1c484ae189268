"""Outlines as convex pieces and walls: PyBullet's moving bodies collide with convex shapes best."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from neuroloop.config.world import area, corners
from neuroloop.core.world import Point

STRIPES_M = 0.5
"""length of one light and one dark stripe"""


@dataclass(frozen=True)
class Slab:
    """An upright box on the floor: centre, yaw and half its length and thickness."""

    x: float
    y: float
    yaw: float
    half_length_m: float
    half_thick_m: float


@dataclass
class Mesh:
    """Triangles with what PyBullet wants to know of each corner."""

    vertices: list[list[float]] = field(default_factory=list)
    normals: list[list[float]] = field(default_factory=list)
    uvs: list[list[float]] = field(default_factory=list)
    indices: list[int] = field(default_factory=list)

    def add(self, corners_: list[list[float]], normal: list[float], uvs: list[list[float]]) -> None:
        """Add a flat convex face, its corners counter-clockwise seen from outside."""
        first = len(self.vertices)
        self.vertices += corners_
        self.normals += [normal] * len(corners_)
        self.uvs += uvs
        for i in range(1, len(corners_) - 1):
            self.indices += [first, first + i, first + i + 1]


def convex_parts(points: Sequence[Point]) -> list[list[Point]]:
    """Return convex polygons, counter-clockwise, that together fill the outline exactly.

    A convex outline is its own only part; any other is cut into triangles by clipping ears
    (G. H. Meisters, Polygons have ears, American Mathematical Monthly 82, 1975).
    """
    rest = corners(points)
    if area(rest) < 0:
        rest.reverse()
    if all(_turn(rest, i) >= 0 for i in range(len(rest))):
        return [rest]
    parts = []
    while len(rest) > 3:
        i = next(i for i in range(len(rest)) if _is_ear(rest, i))
        if _turn(rest, i) > 0:
            parts.append([rest[i - 1], rest[i], rest[(i + 1) % len(rest)]])
        del rest[i]
    return [*parts, rest]


def walls(room: Sequence[Point], thick_m: float) -> list[Slab]:
    """Return the room's walls, outside its outline, closed at the corners."""
    outline = corners(room)
    if area(outline) < 0:
        outline.reverse()
    n = len(outline)
    slabs = []
    for i, (ax, ay) in enumerate(outline):
        bx, by = outline[(i + 1) % n]
        length = math.hypot(bx - ax, by - ay)
        dx, dy = (bx - ax) / length, (by - ay) / length
        # where the room is convex, walls go on past the corner and close it; elsewhere they would
        # stick into the room
        before = thick_m if _turn(outline, i) > 0 else 0.0
        after = thick_m if _turn(outline, (i + 1) % n) > 0 else 0.0
        middle = (length + after - before) / 2
        slabs.append(
            Slab(
                x=ax + dx * middle + dy * thick_m / 2,
                y=ay + dy * middle - dx * thick_m / 2,
                yaw=math.atan2(dy, dx),
                half_length_m=(length + before + after) / 2,
                half_thick_m=thick_m / 2,
            )
        )
    return slabs


def circle(centre: Point, radius_m: float, corners_: int = 32) -> list[Point]:
    """Return a regular outline round ``centre``, counter-clockwise."""
    turns = (2 * math.pi * i / corners_ for i in range(corners_))
    x, y = centre
    return [(x + radius_m * math.cos(a), y + radius_m * math.sin(a)) for a in turns]


def prism(points: Sequence[Point], height_m: float) -> Mesh:
    """Return the sides and the top of an upright prism over a convex, counter-clockwise outline.

    The texture runs round the outline, one period in ``STRIPES_M``; the top has its first colour.
    """
    mesh = Mesh()
    along = 0.0
    for a, b in zip(points, [*points[1:], points[0]], strict=True):
        length = math.dist(a, b)
        normal = [(b[1] - a[1]) / length, (a[0] - b[0]) / length, 0.0]
        u, v = along / STRIPES_M, (along + length) / STRIPES_M
        corners_ = [[*a, 0.0], [*b, 0.0], [*b, height_m], [*a, height_m]]
        mesh.add(corners_, normal, [[u, 0.0], [v, 0.0], [v, 1.0], [u, 1.0]])
        along += length
    mesh.add([[*q, height_m] for q in points], [0.0, 0.0, 1.0], [[0.25, 0.5]] * len(points))
    return mesh


def _turn(points: Sequence[Point], i: int) -> float:
    """Return twice the area of corner ``i`` with its neighbours, positive where it bulges out."""
    return _twice(points[i - 1], points[i], points[(i + 1) % len(points)])


def _twice(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _is_ear(points: Sequence[Point], i: int) -> bool:
    a, b, c = points[i - 1], points[i], points[(i + 1) % len(points)]
    turn = _twice(a, b, c)
    if turn <= 0:
        return turn == 0
    others = (p for p in points if p not in (a, b, c))
    return not any(_within(a, b, c, p) for p in others)


def _within(a: Point, b: Point, c: Point, p: Point) -> bool:
    return _twice(a, b, p) >= 0 and _twice(b, c, p) >= 0 and _twice(c, a, p) >= 0
