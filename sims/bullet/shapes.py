"""Outlines as convex pieces and walls: PyBullet's moving bodies collide with convex shapes best."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from neuroloop.config.world import area, corners
from neuroloop.core.world import Point


@dataclass(frozen=True)
class Slab:
    """An upright box on the floor: centre, yaw and half its length and thickness."""

    x: float
    y: float
    yaw: float
    half_length_m: float
    half_thick_m: float


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


def prism(points: Sequence[Point], height_m: float) -> tuple[list[list[float]], list[int]]:
    """Return vertices and triangles (three indices each, seen from outside) of an upright prism."""
    n = len(points)
    vertices = [[x, y, z] for z in (0.0, height_m) for x, y in points]
    triangles = []
    for i in range(n):
        j = (i + 1) % n
        triangles += [i, j, n + j, i, n + j, n + i]
    for i in range(1, n - 1):
        triangles += [n, n + i, n + i + 1]
    return vertices, triangles


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
