"""World files: found by name, decoded, and checked for what no robot could live in."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from neuroloop.config.resolve import data_file
from neuroloop.config.toml import check_finite, decode
from neuroloop.core.errors import ConfigError
from neuroloop.core.world import Point, World

_MIN_AREA_M2 = 1e-9


def load(name: str, folder: Path, where: str) -> World:
    """Return the world ``name``: a path beside the run file in ``folder``, or one that comes along.

    A name that ends in ``.npz`` is a bench's world file; its first pair gives start and goal.

    Raises
    ------
    ConfigError
        In words, where there is no such file or `check` refuses what it says.
    """
    if name.endswith(".npz"):
        from neuroloop.config import world_file  # which checks outlines by this file

        path = folder / name
        world = world_file.load(path, where).world
    else:
        path = data_file("worlds", name, folder, where)
        world = decode(path, World, where)
    check(world, f"{where}: {path}")
    return world


def check(world: World, where: str, body_radius_m: float = 0.0) -> None:
    """Refuse a world in which a round body of ``body_radius_m`` cannot start or reach the goal.

    Obstacles may overlap one another and the room's outline; no outline may cross itself.
    Numbers in brackets count from 0, in the order of the file.
    """
    check_finite(msgspec.to_builtins(world), where)
    check_outline(world.room, f"{where}: `room`")
    for i, polygon in enumerate(world.polygon):
        check_outline(polygon.points, f"{where}: `polygon[{i}]`")
    check_place(world, (world.start[0], world.start[1]), f"{where}: `start`", body_radius_m)
    if world.goal is not None:
        check_place(world, world.goal, f"{where}: `goal`", 0.0)


def corners(points: Sequence[Point]) -> list[Point]:
    """Return the outline without points that repeat the one before; the last joins the first."""
    return [p for i, p in enumerate(points) if p != points[i - 1]]


def area(points: Sequence[Point]) -> float:
    """Return the enclosed area in m², positive where the outline runs counter-clockwise."""
    pairs = zip(points, [*points[1:], points[0]], strict=True)
    return math.fsum(a[0] * b[1] - b[0] * a[1] for a, b in pairs) / 2


def inside(points: Sequence[Point], place: Point) -> bool:
    """Whether ``place`` lies within the outline (even-odd rule)."""
    x, y = place
    odd = False
    for (ax, ay), (bx, by) in _edges(points):
        if (ay > y) != (by > y) and x < ax + (y - ay) * (bx - ax) / (by - ay):
            odd = not odd
    return odd


def _edges(points: Sequence[Point]) -> Iterator[tuple[Point, Point]]:
    return zip(points, [*points[1:], points[0]], strict=True)


def check_outline(points: Sequence[Point], place: str) -> None:
    """Refuse an outline that crosses itself or encloses nothing; ``place`` names it."""
    distinct = len(set(points))
    if distinct < 3:
        raise ConfigError(f"{place}: has {distinct} distinct points {_show(points)}; 3 are wanted")
    edges = list(_edges(corners(points)))
    for i, (a, b) in enumerate(edges):
        for j in range(i + 1, len(edges)):
            c, d = edges[j]
            beside = j == i + 1 or (i == 0 and j == len(edges) - 1)
            if _folds_back(a, b, c, d) if beside else _cross(a, b, c, d):
                raise ConfigError(
                    f"{place}: crosses itself: the edge from {_at(a)} to {_at(b)} meets the edge"
                    f" from {_at(c)} to {_at(d)}; list the corners in order round the outline"
                )
    if abs(area(points)) < _MIN_AREA_M2:
        raise ConfigError(f"{place}: encloses no area: {_show(points)}")


def check_place(world: World, place: Point, name: str, radius_m: float) -> None:
    """Refuse a ``place`` in the solid, outside the room or nearer than ``radius_m`` to either."""
    here = f"{name}: {_at(place)}"
    if not inside(world.room, place):
        raise ConfigError(f"{here} lies outside the room {_show(world.room)}")
    _check_gap(_distance(world.room, place), radius_m, here, "the room's outline")
    for i, polygon in enumerate(world.polygon):
        what = f"polygon[{i}] {_show(polygon.points)}"
        if inside(polygon.points, place):
            raise ConfigError(f"{here} lies inside {what}")
        _check_gap(_distance(polygon.points, place), radius_m, here, what)
    for i, disc in enumerate(world.disc):
        what = f"disc[{i}] of {disc.radius_m} m round {_at(disc.centre)}"
        gap = math.dist(disc.centre, place) - disc.radius_m
        if gap <= 0:
            raise ConfigError(f"{here} lies inside {what}")
        _check_gap(gap, radius_m, here, what)


def _check_gap(gap_m: float, radius_m: float, here: str, what: str) -> None:
    if gap_m < radius_m:
        raise ConfigError(
            f"{here} is {gap_m:.3f} m from {what}; the body's radius of {radius_m} m is wanted"
        )


def _distance(points: Sequence[Point], place: Point) -> float:
    """Return the distance in metres from ``place`` to the outline."""
    return min(_to_edge(a, b, place) for a, b in _edges(corners(points)))


def _to_edge(a: Point, b: Point, p: Point) -> float:
    dx, dy = b[0] - a[0], b[1] - a[1]
    along = ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / (dx * dx + dy * dy)
    along = min(max(along, 0.0), 1.0)
    return math.dist(p, (a[0] + along * dx, a[1] + along * dy))


def _side(a: Point, b: Point, p: Point) -> float:
    return (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])


def _cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Whether two closed segments have a point in common."""
    s1, s2, s3, s4 = _side(a, b, c), _side(a, b, d), _side(c, d, a), _side(c, d, b)
    if s1 == s2 == 0:
        return _overlap(a[0], b[0], c[0], d[0]) and _overlap(a[1], b[1], c[1], d[1])
    return s1 * s2 <= 0 and s3 * s4 <= 0


def _overlap(a: float, b: float, c: float, d: float) -> bool:
    return max(min(a, b), min(c, d)) <= min(max(a, b), max(c, d))


def _folds_back(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Whether neighbouring edges, which share one corner, run back over each other."""
    common, left, right = (b, a, d) if b == c else (a, b, c)
    back = (left[0] - common[0]) * (right[0] - common[0]) + (left[1] - common[1]) * (
        right[1] - common[1]
    )
    return _side(common, left, right) == 0 and back > 0


def _at(point: Point) -> str:
    return f"({point[0]:g}, {point[1]:g})"


def _show(points: Sequence[Point]) -> str:
    shown = ", ".join(_at(p) for p in points[:6])
    return f"[{shown}{', ...' if len(points) > 6 else ''}]"
