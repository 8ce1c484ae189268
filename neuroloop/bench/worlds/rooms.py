"""Rooms: a flat of 9 to 16 rooms behind thin walls, with doors, and furniture along the walls.

Every room is joined to every other: doors follow a random spanning tree, and some are added.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from neuroloop.bench.worlds._shapes import (
    CENTRE,
    HALF_M,
    ROOM,
    Floats,
    gap_m,
    outline,
    rectangle,
)
from neuroloop.core.world import Point, Polygon, World

_PER_SIDE = (3, 4)
_THICK_M = 0.2
_SHIFT = 0.12
"""how far a wall may stand from the even grid, in parts of a room's width"""
_DOOR_M = (0.9, 1.2)
_POST_M = 0.4
"""least wall beside a door"""
_MORE_DOORS = 0.4
_FURNITURE = (0, 2)
_SIZE_M = (0.4, 1.4)
_BY_A_WALL = 0.7
_GAP_M = 0.9
_TRIES = 20

Cell = tuple[int, int]
"""column and row of a room"""
Door = tuple[Cell, Cell]


def generate(seed: int) -> World:
    """Return the world of a seed; its start is a place-holder."""
    rng = np.random.default_rng([seed, *b"rooms"])
    xs, ys = _lines(rng), _lines(rng)
    doors = _doors(rng, len(xs) - 1, len(ys) - 1)
    walls, openings = _walls(rng, xs, ys, doors)
    pieces: list[Floats] = []
    for left, right in pairwise(xs):
        for low, high in pairwise(ys):
            for _ in range(int(rng.integers(*_FURNITURE, endpoint=True))):
                pieces += _furnish(rng, (left, low), (right, high), [*pieces, *openings])
    return World(
        f"rooms_{seed}", ROOM, CENTRE, polygon=[Polygon(outline(p)) for p in (*walls, *pieces)]
    )


def _lines(rng: np.random.Generator) -> list[float]:
    """Return where the middles of the walls stand along one axis, the room's own walls too."""
    n = int(rng.integers(*_PER_SIDE, endpoint=True))
    lines = np.linspace(-HALF_M, HALF_M, n + 1)
    lines[1:-1] += rng.uniform(-_SHIFT, _SHIFT, n - 1) * (2 * HALF_M / n)
    return [float(line) for line in lines]


def _borders(columns: int, rows: int) -> Iterator[Door]:
    for i in range(columns):
        for j in range(rows):
            if i + 1 < columns:
                yield (i, j), (i + 1, j)
            if j + 1 < rows:
                yield (i, j), (i, j + 1)


def _doors(rng: np.random.Generator, columns: int, rows: int) -> set[Door]:
    """Return the borders with a door: a spanning tree (Kruskal on a random order) and more."""
    borders = list(_borders(columns, rows))
    flat = {cell: cell for border in borders for cell in border}
    doors: set[Door] = set()
    for k in rng.permutation(len(borders)):
        here, there = borders[k]
        joined, other = flat[here], flat[there]
        if joined != other or rng.random() < _MORE_DOORS:
            doors.add(borders[k])
            flat = {cell: joined if name == other else name for cell, name in flat.items()}
    return doors


def _walls(
    rng: np.random.Generator, xs: Sequence[float], ys: Sequence[float], doors: set[Door]
) -> tuple[list[Floats], list[Floats]]:
    """Return the walls, and the floor on both sides of each door, which is to stay free."""
    walls, openings = [], []
    for here, there in _borders(len(xs) - 1, len(ys) - 1):
        upright = there[0] > here[0]
        along, across = (ys, xs) if upright else (xs, ys)
        k, line = here[1 if upright else 0], across[there[0 if upright else 1]]
        # walls meet in the middle of the crossing, so that no corner is left open
        ends = (along[k] - _THICK_M / 2, along[k + 1] + _THICK_M / 2)
        spans = [(max(ends[0], -HALF_M), min(ends[1], HALF_M))]
        if (here, there) in doors:
            width = rng.uniform(*_DOOR_M)
            margin = _THICK_M / 2 + _POST_M
            door = rng.uniform(along[k] + margin, along[k + 1] - margin - width)
            spans = [(spans[0][0], door), (door + width, spans[0][1])]
            openings.append(_box(upright, (door, door + width), line, 2 * _GAP_M))
        walls += [_box(upright, span, line, _THICK_M) for span in spans]
    return walls, openings


def _box(upright: bool, span: tuple[float, float], line: float, thick_m: float) -> Floats:
    low, high = (span[0], line - thick_m / 2), (span[1], line + thick_m / 2)
    return rectangle(low[::-1], high[::-1]) if upright else rectangle(low, high)


def _furnish(
    rng: np.random.Generator, low: Point, high: Point, kept_free: Sequence[Floats]
) -> list[Floats]:
    """Return one piece in the room from ``low`` to ``high``, against a wall or amid the floor."""
    inner_low, inner_high = np.array(low) + _THICK_M / 2, np.array(high) - _THICK_M / 2
    for _ in range(_TRIES):
        size = rng.uniform(*_SIZE_M, 2)
        at = rng.uniform(inner_low + _GAP_M, inner_high - size - _GAP_M)
        if rng.random() < _BY_A_WALL:
            axis = rng.integers(2)
            at[axis] = rng.choice((inner_low[axis], inner_high[axis] - size[axis]))
        (x, y), (width, depth) = at.tolist(), size.tolist()
        piece = rectangle((x, y), (x + width, y + depth))
        if all(gap_m(piece, other) >= _GAP_M for other in kept_free):
            return [piece]
    return []
