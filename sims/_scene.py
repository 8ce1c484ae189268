"""What every plant starts from: a body in a world, and a step that divides the tick."""

from dataclasses import dataclass
from typing import Protocol

from neuroloop.config import body, target, world
from neuroloop.core.body import Body
from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Site
from neuroloop.core.world import World


class Setting(Protocol):
    """The part of a plant's ``Config`` that all plants share."""

    @property
    def world(self) -> str: ...
    @property
    def body(self) -> str: ...
    @property
    def step_us(self) -> int: ...


@dataclass(frozen=True)
class Scene:
    """One robot in one world."""

    body: Body
    world: World


def load(config: Setting, site: Site) -> Scene:
    """Read the two files and refuse what cannot be simulated."""
    if site.dt_us % config.step_us:
        raise ConfigError(
            f"plant.step_us: {config.step_us} does not divide the tick of {site.dt_us} us"
        )
    robot = body.load(config.body, site.folder, "plant.body")
    place = world.load(config.world, site.folder, "plant.world")
    world.check(place, f"plant.world: {config.world}", robot.radius_m)
    target.check(place, f"plant.world: {config.world}", robot.radius_m)
    fastest_mps = max((moving.speed_mps for moving in place.target), default=0.0)
    farthest_m = (robot.drive.max_wheel_mps + fastest_mps) * config.step_us / 1e6
    # contact is looked for once a step: a longer way could pass through a corner
    if farthest_m > robot.radius_m / 2:
        raise ConfigError(
            f"plant.step_us: in {config.step_us} us the body and what it meets come up to"
            f" {farthest_m:.3f} m closer; at most half the body's radius,"
            f" {robot.radius_m / 2:.3f} m, is wanted"
        )
    return Scene(robot, place)
