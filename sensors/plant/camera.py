"""The camera of a simulated robot."""

import math
from typing import Annotated

from msgspec import Meta, Struct

from neuroloop.core.errors import ConfigError, nearest
from neuroloop.core.ports import Site, Source
from neuroloop.core.values import Frame, SourceSpec
from sensors import _bearings
from sensors.plant._sampler import Sampler, check_upright, plant_of


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of the sensor."""

    rate_hz: Annotated[float, Meta(gt=0)] = 10.0
    mount: str = "camera"
    """name of the mounting in the body file"""


def build(config: Config, site: Site) -> Source:
    """Return a source of `Frame`."""
    plant = plant_of(site, config.rate_hz)
    mount = plant.body.camera.get(config.mount)
    if mount is None:
        raise ConfigError(
            f'sensor.{site.name}.mount: the body "{plant.body.name}" has no camera'
            f' "{config.mount}"{nearest(config.mount, plant.body.camera)}'
        )
    check_upright(mount.pose, config.mount, site)
    x, y, z, _, _, yaw = mount.pose
    if z <= 0.0:
        raise ConfigError(
            f'sensor.{site.name}: the camera "{config.mount}" of the body is at a height of {z} m;'
            " a height above the floor is wanted"
        )
    shape = (mount.height, mount.width)
    fov_rad = math.radians(mount.fov_deg)

    def measure(t_us: int) -> Frame:
        return Frame(t_us, plant.picture((x, y, z, yaw), shape, fov_rad))

    spec = SourceSpec(
        name=site.name,
        reading=Frame,
        shape=shape,
        rate_hz=config.rate_hz,
        unit="grey",
        low=0.0,
        high=255.0,
        bearing_rad=_bearings.of_columns(mount.width, mount.fov_deg),
        pose=mount.pose,
    )
    return Sampler(spec, plant, measure)
