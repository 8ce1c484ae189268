"""The range finder of a simulated robot."""

from typing import Annotated

import numpy as np
from msgspec import Meta, Struct

from neuroloop.core.body import Fraction, NotNegative
from neuroloop.core.errors import ConfigError, nearest
from neuroloop.core.ports import Site, Source
from neuroloop.core.values import Ranges, SourceSpec
from sensors import _bearings
from sensors.plant._sampler import Sampler, check_upright, plant_of


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of the sensor; what is left out is the body file's."""

    rate_hz: Annotated[float, Meta(gt=0)] = 10.0
    mount: str = "lidar"
    """name of the mounting in the body file"""
    noise_m: NotNegative | None = None
    """standard deviation of the distances"""
    dropout: Fraction | None = None
    """probability that a beam returns no measurement"""


def build(config: Config, site: Site) -> Source:
    """Return a source of `Ranges`: the plant's true distances made as bad as a lidar's.

    A beam that measures beyond the range gives +inf; one that measures below it, or drops out, NaN.
    """
    plant = plant_of(site, config.rate_hz)
    mount = plant.body.lidar.get(config.mount)
    if mount is None:
        raise ConfigError(
            f'sensor.{site.name}.mount: the body "{plant.body.name}" has no lidar'
            f' "{config.mount}"{nearest(config.mount, plant.body.lidar)}'
        )
    check_upright(mount.pose, config.mount, site)
    noise_m = mount.noise_m if config.noise_m is None else config.noise_m
    dropout = mount.dropout if config.dropout is None else config.dropout
    bearing_rad = _bearings.of_beams(mount.beams, mount.fov_deg)
    pose = (mount.pose[0], mount.pose[1], mount.pose[5])
    rng = site.rng()

    def measure(t_us: int) -> Ranges:
        metres = plant.scan(pose, bearing_rad)
        if noise_m > 0:
            metres = metres + rng.normal(0.0, noise_m, len(metres)).astype(np.float32)
        metres[metres > mount.max_m] = np.inf
        metres[metres < mount.min_m] = np.nan
        if dropout > 0:
            metres[rng.random(len(metres)) < dropout] = np.nan
        return Ranges(t_us, metres, bearing_rad)

    spec = SourceSpec(
        name=site.name,
        reading=Ranges,
        shape=(mount.beams,),
        rate_hz=config.rate_hz,
        unit="m",
        low=mount.min_m,
        high=mount.max_m,
        bearing_rad=bearing_rad,
        pose=mount.pose,
    )
    return Sampler(spec, plant, measure, rng)
