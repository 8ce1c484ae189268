"""Motion to the simulated robot."""

from typing import Any

import numpy as np
from msgspec import Struct

from neuroloop.core.body import Body
from neuroloop.core.errors import ConfigError
from neuroloop.core.mailbox import Mailbox
from neuroloop.core.ports import Plant, Site
from neuroloop.core.values import Motion


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[actuator.NAME]`` with ``kind = "plant"``: none."""


class PlantActuator:
    """Hands motion to the plant, which acts on it from its present on."""

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self.mailbox: Mailbox | None = getattr(plant, "commands", None)
        """where the tick itself puts its commands, for a plant in a process of its own"""

    @property
    def body(self) -> Body:
        """The plant's robot."""
        return self._plant.body

    def write(self, motion: Motion) -> None:
        """Command the channels' values."""
        if self.mailbox is None:
            self._plant.command(motion.values)

    def stop(self) -> None:
        """Command zero."""
        if self.mailbox is None:
            self._plant.command(np.zeros(len(self.body.channels), np.float32))


def build(config: Any, site: Site) -> PlantActuator:
    """Bind the run's plant."""
    del config
    if site.plant is None:
        raise ConfigError(f'actuator "{site.name}": kind "plant" needs a [plant] in the run file')
    return PlantActuator(site.plant)
