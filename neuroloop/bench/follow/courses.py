"""Courses for a target: random closed ways through the free floor of a world, each from its seed.

The robot stands somewhere, looking anywhere; the target begins near it, often out of its view.
"""

import json
import math
from pathlib import Path

import msgspec
import numpy as np

from neuroloop.config.free_floor import Floats, clearance_m
from neuroloop.core.errors import ConfigError
from neuroloop.core.world import Point, Target, World

NEAREST_M, FARTHEST_M = 1.0, 2.2
"""how far from the robot the target begins"""
SLOWEST_MPS, FASTEST_MPS = 0.15, 0.3
CORNERS = 8
_ROOM_FOR_ROBOT_M = 0.6
"""between the target's way and what stands about, so that a robot has a place beside it"""
_SHORTEST_LEG_M = 0.8
_TRIES = 1_000


def course(world: World, seed: int) -> World:
    """Return the world with another start of the robot and one target, both drawn from ``seed``.

    Raises
    ------
    ConfigError
        Where the world has no floor that is free enough.
    """
    rng = np.random.default_rng([seed, *b"follow"])
    start = _place(world, rng, 1.0)
    path = [_beside(world, rng, start)]
    for _ in range(_TRIES):
        if len(path) == CORNERS and _free(world, path[-1], path[0]):
            break
        if len(path) == CORNERS:
            path.pop()
        corner = _place(world, rng, _ROOM_FOR_ROBOT_M)
        if math.dist(corner, path[-1]) > _SHORTEST_LEG_M and _free(world, path[-1], corner):
            path.append(corner)
    else:
        raise ConfigError(f'the world "{world.name}" is too full for a course of {CORNERS} corners')
    return msgspec.structs.replace(
        world,
        name=f"{world.name} {seed}",
        start=(*start, float(rng.uniform(-math.pi, math.pi))),
        target=[Target(path, float(rng.uniform(SLOWEST_MPS, FASTEST_MPS)))],
    )


def write(world: World, path: Path) -> None:
    """Write a world as the TOML that it is read from."""
    plain = msgspec.to_builtins(world)
    lists = {k: v for k, v in plain.items() if v and isinstance(v, list) and isinstance(v[0], dict)}
    tops = {k: v for k, v in plain.items() if k not in lists and v not in (None, [])}
    text = [f"{key} = {json.dumps(value)}" for key, value in tops.items()]
    for key, tables in lists.items():
        for table in tables:
            text += ["", f"[[{key}]]", *(f"{k} = {json.dumps(v)}" for k, v in table.items())]
    path.write_text("\n".join(text) + "\n", "utf-8")


def _place(world: World, rng: np.random.Generator, gap_m: float) -> Point:
    xs, ys = zip(*world.room, strict=True)
    for _ in range(_TRIES):
        place = float(rng.uniform(min(xs), max(xs))), float(rng.uniform(min(ys), max(ys)))
        if clearance_m(world, np.array([place]))[0] > gap_m:
            return place
    raise ConfigError(f'the world "{world.name}" has no place {gap_m} m from everything')


def _beside(world: World, rng: np.random.Generator, start: Point) -> Point:
    for _ in range(_TRIES):
        place = _place(world, rng, _ROOM_FOR_ROBOT_M)
        if NEAREST_M < math.dist(place, start) < FARTHEST_M and _free(world, start, place):
            return place
    raise ConfigError(f'the world "{world.name}" has no place for a target near {start}')


def _free(world: World, a: Point, b: Point) -> bool:
    way: Floats = np.linspace(a, b, 50)
    return bool((clearance_m(world, way) > _ROOM_FOR_ROBOT_M).all())
