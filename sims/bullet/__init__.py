"""PyBullet as a plant: full rigid-body physics, in a process of its own."""

import importlib.util
import platform
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from neuroloop.config.resolve import data_file
from neuroloop.core.body import Fraction, NotNegative
from neuroloop.core.errors import ConfigError, MachineError
from neuroloop.core.ports import Plant, Site
from sims import _scene
from sims._delay import late
from sims.bullet.plant import Bullet

FALLBACK = "plane"
"""the plant that takes its place where it cannot run"""


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
    lidar: Literal["rays", "outlines"] = "rays"
    """PyBullet's rays, or the plane's, far faster, which see what the world file says"""
    gui: bool = False
    """whether PyBullet opens its window"""


def unavailable() -> str | None:
    """Return why PyBullet cannot run here, None where it can; imports nothing."""
    if importlib.util.find_spec("pybullet") is None:
        python = ".".join(platform.python_version_tuple()[:2])
        return (
            f"PyBullet is not installed; it has no wheel for every Python and machine (here Python"
            f" {python} on {platform.machine()}): where it has one, pip install pybullet"
        )
    return None


def build(config: Config, site: Site) -> Plant:
    """Return the plant, the robot at the world's start; its process starts when it is opened."""
    reason = unavailable()
    if reason is not None:
        raise MachineError(f'plant.kind: {reason}; or use kind = "plane"')
    scene = _scene.load(config, site)
    errors = ("wheel_radius_error", "wheel_separation_error")
    settings = msgspec.structs.asdict(config)
    if scene.body.urdf is not None and any(settings[name] for name in errors):
        raise ConfigError(
            f"plant: {' and '.join(errors)} are for bodies of primitive shapes; the wheels of "
            f'"{config.body}" are those of its URDF file'
        )
    urdf = None if scene.body.urdf is None else _urdf(config, site, scene.body.urdf)
    kept = {name: settings[name] for name in ("step_us", "slip", "gui", *errors)}
    kept["outlines"] = config.lidar == "outlines"
    plant = Bullet(scene.body, scene.world, {**kept, "urdf": urdf and str(urdf)})
    return late(plant, config.command_delay_ms, config.step_us)


def _urdf(config: Config, site: Site, name: str) -> Path:
    beside = data_file("bodies", config.body, site.folder, "plant.body")
    path = (beside.parent / name).resolve()
    if not path.is_file():
        raise ConfigError(f"plant.body: {beside}: `urdf`: no file {path}")
    return path
