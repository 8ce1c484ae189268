"""World files of a navigation bench: one world and many pairs of start and goal, as plain arrays.

An ``.npz`` holds four arrays, all in metres and radians:

- ``vertices_m`` ``float[n, 2]``: corners of all outlines, one outline after the other
- ``polygon_offsets`` ``int[p + 1]``: outline i has the corners [offsets[i], offsets[i + 1]);
  outline 0 is the room's, free inside, the others are obstacles
- ``starts`` ``float[k, 3]``: x, y, yaw
- ``goals`` ``float[k, 2]``: x, y; pair i is starts[i], goals[i]
"""

import contextlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from neuroloop.config import array_file
from neuroloop.config.array_file import Array
from neuroloop.config.free_floor import Floats, clearance_m, regions
from neuroloop.config.world import check_outline, check_place
from neuroloop.core.errors import ConfigError, MachineError
from neuroloop.core.world import Polygon, World

MOST_PAIRS = 10_000
MOST_VERTICES = 10_000
MOST_CORNERS = 500
"""of one outline: every two of its edges are compared"""
FARTHEST_M = 10_000.0

_COLUMNS = {"vertices_m": 2, "polygon_offsets": 0, "starts": 3, "goals": 2}
"""numbers in a row of each array; 0 where rows are plain numbers"""
_MOST_ROWS = {
    "vertices_m": MOST_VERTICES,
    "polygon_offsets": MOST_VERTICES // 3 + 1,
    "starts": MOST_PAIRS,
    "goals": MOST_PAIRS,
}


@dataclass(frozen=True, eq=False)
class WorldFile:
    """A world and the pairs that are to be driven in it."""

    world: World
    """with start and goal of pair 0"""
    starts: Floats
    """``float64[k, 3]``: x, y in metres, yaw in radians"""
    goals: Floats
    """``float64[k, 2]``: x, y in metres"""


def load(path: Path | str, where: str = "") -> WorldFile:
    """Read a world file; ``where`` names the place that asked for it.

    Pairs are taken as they are: see `check_pairs` and `unreachable`.

    Raises
    ------
    ConfigError
        Where the file is missing, is something else, or its arrays do not fit together.
    """
    place = f"{where}: {path}" if where else str(path)
    shapes = {name: (_MOST_ROWS[name], columns) for name, columns in _COLUMNS.items()}
    return _world_file(array_file.read(Path(path), shapes, place), Path(path).stem, place)


def save(path: Path | str, file: WorldFile) -> None:
    """Write a world file; one that is there is replaced in one step.

    Heights and greys are not part of the format: they come back as the defaults.

    Raises
    ------
    ConfigError
        Where `load` would refuse the file, or the world has discs or targets, for which there
        are no arrays.
    MachineError
        Where the file cannot be written.
    """
    path = Path(path)
    if file.world.disc:
        raise ConfigError(
            f"{path}: the world has {len(file.world.disc)} discs; a world file holds polygons only"
        )
    if file.world.target:
        raise ConfigError(
            f"{path}: the world has {len(file.world.target)} targets; a world file holds polygons"
            " only"
        )
    outlines = [file.world.room, *(polygon.points for polygon in file.world.polygon)]
    arrays: dict[str, Array] = {
        "vertices_m": np.array([point for outline in outlines for point in outline]),
        "polygon_offsets": np.cumsum([0, *(len(outline) for outline in outlines)], dtype=np.int32),
        "starts": np.asarray(file.starts),
        "goals": np.asarray(file.goals),
    }
    for name, columns in _COLUMNS.items():
        array_file.check_shape(arrays[name], (_MOST_ROWS[name], columns), f"{path}: `{name}`")
    _world_file(arrays, path.stem, str(path))
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    partial = path.with_name(path.name + ".part")
    try:
        partial.write_bytes(buffer.getvalue())
        partial.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise MachineError(f"cannot write {path}: {error.strerror or error}") from error


def check_pairs(file: WorldFile, body_radius_m: float) -> None:
    """Refuse a file in which a round body of ``body_radius_m`` does not fit at one of the starts.

    Raises
    ------
    ConfigError
        Naming the first such pair.
    """
    places = file.starts[:, :2]
    doubtful = clearance_m(file.world, places) < body_radius_m + 1e-6
    for i in np.flatnonzero(doubtful):
        place = f'world "{file.world.name}": `starts[{i}]`'
        check_place(file.world, (float(places[i, 0]), float(places[i, 1])), place, body_radius_m)


def unreachable(file: WorldFile, radius_m: float = 0.30) -> list[int]:
    """Return the pairs, in order, between which no disc of ``radius_m`` can be driven.

    A pair with a start or a goal at which the disc does not fit is one of them.  The floor is
    searched in cells of 0.05 m, see `neuroloop.config.free_floor`.

    Raises
    ------
    ConfigError
        Where the room is too large to be searched.
    """
    places = np.concatenate((file.starts[:, :2], file.goals))
    start, goal = np.split(regions(file.world, places, radius_m), 2)
    return [int(i) for i in np.flatnonzero((start < 0) | (start != goal))]


def _world_file(arrays: Mapping[str, Array], name: str, where: str) -> WorldFile:
    for array in ("vertices_m", "starts", "goals"):
        _check_numbers(arrays[array], where, array)
    starts, goals = (arrays[array].astype(np.float64) for array in ("starts", "goals"))
    if len(starts) != len(goals):
        raise ConfigError(f"{where}: `goals`: {len(goals)} rows; {len(starts)}, as starts, wanted")
    if not len(starts):
        raise ConfigError(f"{where}: `starts`: no rows; at least one pair is wanted")
    offsets = [int(offset) for offset in arrays["polygon_offsets"]]
    vertices = [(float(x), float(y)) for x, y in arrays["vertices_m"]]
    _check_offsets(offsets, len(vertices), where)
    outlines = [vertices[a:b] for a, b in pairwise(offsets)]
    for outline, (a, b) in zip(outlines, pairwise(offsets), strict=True):
        check_outline(outline, f"{where}: `vertices_m[{a}:{b}]`")
    x, y, yaw = (float(number) for number in starts[0])
    goal_x, goal_y = (float(number) for number in goals[0])
    polygons = [Polygon(outline) for outline in outlines[1:]]
    world = World(name, outlines[0], (x, y, yaw), (goal_x, goal_y), polygon=polygons)
    return WorldFile(world, starts, goals)


def _check_numbers(array: Array, where: str, name: str) -> None:
    """Refuse what is not finite or so far away that squares of distances lose their meaning."""
    bad = np.argwhere(~((array >= -FARTHEST_M) & (array <= FARTHEST_M)))
    if len(bad):
        row, column = (int(i) for i in bad[0])
        raise ConfigError(
            f"{where}: `{name}[{row}, {column}]`: is {array[row, column]};"
            f" a finite number within {FARTHEST_M:g} of 0 is wanted"
        )


def _check_offsets(offsets: list[int], vertices: int, where: str) -> None:
    def refuse(i: int, what: str) -> ConfigError:
        return ConfigError(f"{where}: `polygon_offsets[{i}]`: {what}")

    if len(offsets) < 2:
        raise ConfigError(
            f"{where}: `polygon_offsets`: {len(offsets)} rows; at least 2, for the room, are wanted"
        )
    if offsets[0] != 0:
        raise refuse(0, f"is {offsets[0]}; 0 is wanted")
    for i, (a, b) in enumerate(pairwise(offsets), 1):
        if not a + 3 <= b <= a + MOST_CORNERS:
            raise refuse(i, f"{b} comes after {a}; an outline has 3 to {MOST_CORNERS} corners")
    if offsets[-1] != vertices:
        raise refuse(
            len(offsets) - 1, f"is {offsets[-1]}; {vertices}, the number of vertices, is wanted"
        )
