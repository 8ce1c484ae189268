"""Moving targets of a world file, checked for what could not be: a way through a wall."""

import math

import msgspec
import numpy as np

from neuroloop.config.free_floor import Floats, clearance_m
from neuroloop.config.toml import check_finite
from neuroloop.core.errors import ConfigError
from neuroloop.core.world import Point, World

_LOOK_EVERY_M = 0.02
_MOST_LOOKS = 2_000
"""of one leg: a longer one is looked at less often"""


def check(world: World, where: str, body_radius_m: float) -> None:
    """Refuse a target whose way leads through something, or that begins where the robot does.

    Raises
    ------
    ConfigError
        Naming the target and the place; numbers in brackets count from 0.
    """
    for i, target in enumerate(world.target):
        name = f"{where}: `target[{i}]`"
        check_finite(msgspec.to_builtins(target), name)
        if len(set(target.path)) < 2:
            raise ConfigError(f"{name}: `path` has one place alone; two are wanted, apart")
        for a, b in zip(target.path, [*target.path[1:], target.path[0]], strict=True):
            way = _along(a, b)
            meets = clearance_m(world, way) < target.radius_m - 1e-9
            if meets.any():
                x, y = way[int(meets.argmax())]
                raise ConfigError(
                    f"{name}: on its way from ({a[0]:g}, {a[1]:g}) to ({b[0]:g}, {b[1]:g}) it meets"
                    f" something at ({x:.2f}, {y:.2f}); its radius is {target.radius_m:g} m"
                )
        apart = math.dist(target.path[0], world.start[:2]) - target.radius_m
        if apart < body_radius_m:
            raise ConfigError(
                f"{name}: begins {apart:.3f} m from the robot's start; the body's radius of"
                f" {body_radius_m:g} m is wanted"
            )


def _along(a: Point, b: Point) -> Floats:
    """Return places from ``a`` to ``b``, ``float64[n, 2]``."""
    looks = min(math.ceil(math.dist(a, b) / _LOOK_EVERY_M) + 1, _MOST_LOOKS)
    return np.linspace(a, b, max(looks, 2))
