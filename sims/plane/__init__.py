"""The project's own world: flat floor, upright walls, exact wheels, no dependency but Numba."""

from typing import Annotated

from msgspec import Meta, Struct

from neuroloop.core.body import Fraction, NotNegative
from neuroloop.core.ports import Plant, Site
from sims import _scene
from sims._delay import late
from sims.plane.plant import Plane


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of the plant."""

    world: str
    """world file: a path beside the run file, or the name of one in sims/worlds"""
    body: str = "rover"
    """body file: a path beside the run file, or the name of one in sims/bodies"""
    step_us: Annotated[int, Meta(gt=0)] = 1000
    """length of a step; it divides the tick"""
    slip: Fraction = 0.0
    """part of the wheels' motion that is lost"""
    command_delay_ms: NotNegative = 0.0
    """how late commands reach the wheels; a whole number of steps"""
    wheel_radius_error: Annotated[float, Meta(ge=-0.3, le=0.3)] = 0.0
    """fraction by which the wheels really are larger than the body file says, for calibration"""
    wheel_separation_error: Annotated[float, Meta(ge=-0.3, le=0.3)] = 0.0
    """fraction by which they really stand farther apart"""


def build(config: Config, site: Site) -> Plant:
    """Return the plant, with the robot at the world's start."""
    scene = _scene.load(config, site)
    plant = Plane(
        scene.body,
        scene.world,
        config.step_us,
        config.slip,
        wheel_radius_error=config.wheel_radius_error,
        wheel_separation_error=config.wheel_separation_error,
    )
    return late(plant, config.command_delay_ms, config.step_us)
