"""Where the goal lies, seen from a simulated robot."""

import math
from typing import Annotated

import numpy as np
from msgspec import Meta, Struct

from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Site, Source
from neuroloop.core.values import Scalars, SourceSpec
from sensors.plant._sampler import Sampler, plant_of


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of the sensor."""

    rate_hz: Annotated[float, Meta(gt=0)] = 50.0


def build(config: Config, site: Site) -> Source:
    """Return a source of `Scalars`: bearing of the goal in (-pi, pi], left positive, and metres."""
    plant = plant_of(site, config.rate_hz)
    goal = plant.world.goal
    if goal is None:
        raise ConfigError(
            f"sensor.{site.name}: the plant's world has no goal; add `goal = [x, y]` to its file"
        )

    def measure(t_us: int) -> Scalars:
        x, y, yaw = plant.pose()
        goal = plant.world.goal or (x, y)  # another one in each episode
        dx, dy = goal[0] - x, goal[1] - y
        ahead = math.cos(yaw) * dx + math.sin(yaw) * dy
        left = math.cos(yaw) * dy - math.sin(yaw) * dx
        values = np.array([math.atan2(left, ahead), math.hypot(dx, dy)], np.float32)
        return Scalars(t_us, values)

    spec = SourceSpec(
        name=site.name,
        reading=Scalars,
        shape=(2,),
        rate_hz=config.rate_hz,
        labels=("bearing_rad", "distance_m"),
    )
    return Sampler(spec, plant, measure)
