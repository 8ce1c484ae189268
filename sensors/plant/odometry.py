"""How fast a simulated robot moves."""

from typing import Annotated

import numpy as np
from msgspec import Meta, Struct

from neuroloop.core.ports import Site, Source
from neuroloop.core.values import Scalars, SourceSpec
from sensors.plant._sampler import Sampler, plant_of


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of the sensor."""

    rate_hz: Annotated[float, Meta(gt=0)] = 50.0


def build(config: Config, site: Site) -> Source:
    """Return a source of `Scalars`: forward m/s and turning rad/s, positive to the left."""
    plant = plant_of(site, config.rate_hz)

    def measure(t_us: int) -> Scalars:
        return Scalars(t_us, np.array(plant.twist(), np.float32))

    spec = SourceSpec(
        name=site.name,
        reading=Scalars,
        shape=(2,),
        rate_hz=config.rate_hz,
        labels=("forward_mps", "turn_radps"),
    )
    return Sampler(spec, plant, measure)
