"""Where a round body fits in a world, and which places it can drive between.

The floor is searched on a grid of square cells.  A cell is free where the disc, centred on it,
touches nothing; free cells that share a side or a corner are joined.  So a gap that is wider than
the disc by less than a cell may count as closed.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from neuroloop.config.world import corners
from neuroloop.core.errors import ConfigError
from neuroloop.core.world import Point, World

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

CELL_M = 0.05
"""side of a cell; a smaller disc gets smaller cells, lest it slips through a wall"""

_MOST_CELLS = 4_000_000
_SLACK_M = 1e-9
_NOWHERE = -1


def clearance_m(world: World, places: Floats) -> Floats:
    """Return how far each place is from the nearest surface; negative where it lies in the solid.

    Parameters
    ----------
    world : World
        A world that `neuroloop.config.world.check` accepts.
    places : float64[n, 2]
        x, y in metres.

    Returns
    -------
    float64[n]
        Metres.
    """
    x, y = places[:, 0], places[:, 1]
    solid = ~_inside(world.room, x, y)
    squared = _squared_distance(world.room, x, y)
    for polygon in world.polygon:
        solid |= _inside(polygon.points, x, y)
        squared = np.minimum(squared, _squared_distance(polygon.points, x, y))
    gap: Floats = np.where(solid, -1.0, 1.0) * np.sqrt(squared)
    for disc in world.disc:
        to_disc = np.hypot(x - disc.centre[0], y - disc.centre[1]) - disc.radius_m
        gap = np.minimum(gap, to_disc)
    return gap


def regions(world: World, places: Floats, radius_m: float) -> NDArray[np.int64]:
    """Return for each place the number of the region in which a disc can move about.

    Two places of one number can be driven between.

    Parameters
    ----------
    world : World
        A world that `neuroloop.config.world.check` accepts.
    places : float64[n, 2]
        x, y in metres.
    radius_m : float
        Radius of the disc, above 0.

    Returns
    -------
    int64[n]
        0, 1, 2 ...; -1 where the disc does not fit.

    Raises
    ------
    ConfigError
        Where the room is too large to be searched.
    """
    cell_m = min(CELL_M, radius_m)
    xs, ys = _axes(world, cell_m)
    # a border that is never free: neighbours need no check for the grid's edge
    free = np.pad(_free(world, xs, ys, radius_m), 1)
    cells = _cells_of(places, free, (xs[0], ys[0]), cell_m)
    region = np.full(free.size, _NOWHERE)
    flat, width, count = free.ravel(), free.shape[1], 0
    for cell in cells[cells != _NOWHERE]:
        if region[cell] == _NOWHERE:
            _flood(flat, region, int(cell), width, count)
            count += 1
    return np.where(cells == _NOWHERE, _NOWHERE, region[cells])


def _axes(world: World, cell_m: float) -> tuple[Floats, Floats]:
    """Return x and y of the cells' centres over the room."""
    low, high = np.min(world.room, axis=0), np.max(world.room, axis=0)
    nx, ny = (int(n) for n in (high - low) // cell_m + 2)
    if nx * ny > _MOST_CELLS:
        side_m = _MOST_CELLS**0.5 * cell_m
        raise ConfigError(
            f'world "{world.name}": a room of {high[0] - low[0]:g} m x {high[1] - low[1]:g} m is'
            f" too large to be searched in cells of {cell_m:g} m;"
            f" at most {side_m:g} m x {side_m:g} m is wanted"
        )
    return low[0] + cell_m * np.arange(nx), low[1] + cell_m * np.arange(ny)


def _free(world: World, xs: Floats, ys: Floats, radius_m: float) -> Bools:
    """Return ``bool[y, x]``: whether the disc, centred on the cell, touches nothing."""
    free = _inside(world.room, xs[None, :], ys[:, None])
    for points in (world.room, *(p.points for p in world.polygon)):
        _clear_beside(free, points, xs, ys, radius_m)
    for polygon in world.polygon:
        window, x, y = _window(np.array(polygon.points), xs, ys, 0.0)
        free[window] &= ~_inside(polygon.points, x, y)
    for disc in world.disc:
        centre, reach_m = np.array([disc.centre]), disc.radius_m + radius_m
        window, x, y = _window(centre, xs, ys, reach_m)
        free[window] &= np.hypot(x - centre[0, 0], y - centre[0, 1]) >= reach_m - _SLACK_M
    return free


def _clear_beside(
    free: Bools, points: Sequence[Point], xs: Floats, ys: Floats, radius_m: float
) -> None:
    outline = corners(points)
    for a, b in zip(outline, [*outline[1:], outline[0]], strict=True):
        window, x, y = _window(np.array([a, b]), xs, ys, radius_m)
        free[window] &= _squared_to_edge(a, b, x, y) >= (radius_m - _SLACK_M) ** 2


def _window(
    points: Floats, xs: Floats, ys: Floats, margin_m: float
) -> tuple[tuple[slice, slice], Floats, Floats]:
    """Return the part of the grid round ``points`` and its centres, ready to be broadcast."""
    low, high = points.min(axis=0) - margin_m, points.max(axis=0) + margin_m
    columns = slice(*np.searchsorted(xs, (low[0], high[0])))
    rows = slice(*np.searchsorted(ys, (low[1], high[1])))
    return (rows, columns), xs[None, columns], ys[rows, None]


def _cells_of(
    places: Floats, free: Bools, corner: tuple[float, float], cell_m: float
) -> NDArray[np.int64]:
    """Return for each place the nearest free cell of the nine round it, as an index, or -1."""
    at = (places - corner) / cell_m + 1
    # places off the grid end on its border, which is not free
    middle = np.clip(np.rint(at), 1, np.array(free.shape)[::-1] - 2).astype(np.int64)
    step = np.array([(i, j) for j in (-1, 0, 1) for i in (-1, 0, 1)])
    cell = middle[:, None, :] + step
    away = np.sum((cell - at[:, None, :]) ** 2, axis=2)
    away[~free[cell[..., 1], cell[..., 0]] | (away > 4.5)] = np.inf
    best = np.argmin(away, axis=1)
    every = np.arange(len(places))
    index = cell[every, best, 1] * free.shape[1] + cell[every, best, 0]
    return np.where(np.isfinite(away[every, best]), index, _NOWHERE)


def _flood(free: Bools, region: NDArray[np.int64], seed: int, width: int, number: int) -> None:
    """Give ``number`` to all free cells joined to ``seed``, one ring after the other."""
    around = np.array([-width - 1, -width, -width + 1, -1, 1, width - 1, width, width + 1])
    ring = np.array([seed])
    region[seed] = number
    while ring.size:
        beside = (ring[:, None] + around).ravel()
        ring = np.unique(beside[free[beside] & (region[beside] == _NOWHERE)])
        region[ring] = number


def _inside(points: Sequence[Point], x: Floats, y: Floats) -> Bools:
    """Whether places lie within the outline (even-odd rule); ``x`` and ``y`` are broadcast."""
    odd = np.zeros(np.broadcast_shapes(x.shape, y.shape), np.bool_)
    for (ax, ay), (bx, by) in zip(points, [*points[1:], points[0]], strict=True):
        if ay != by:
            odd ^= ((ay > y) != (by > y)) & (x < ax + (y - ay) * (bx - ax) / (by - ay))
    return odd


def _squared_distance(points: Sequence[Point], x: Floats, y: Floats) -> Floats:
    outline = corners(points)
    squared = np.full(np.broadcast_shapes(x.shape, y.shape), np.inf)
    for a, b in zip(outline, [*outline[1:], outline[0]], strict=True):
        np.minimum(squared, _squared_to_edge(a, b, x, y), out=squared)
    return squared


def _squared_to_edge(a: Point, b: Point, x: Floats, y: Floats) -> Floats:
    dx, dy = b[0] - a[0], b[1] - a[1]
    along = ((x - a[0]) * dx + (y - a[1]) * dy) / (dx * dx + dy * dy)
    along = np.clip(along, 0.0, 1.0)
    squared: Floats = (x - a[0] - along * dx) ** 2 + (y - a[1] - along * dy) ** 2
    return squared
