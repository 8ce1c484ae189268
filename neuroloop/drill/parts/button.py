"""A sensor of one number, 1 while it is pressed and else 0: a bumper, or what lights a fuse."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from neuroloop.core.body import Positive
from neuroloop.core.ports import Site
from neuroloop.core.values import Scalars, SourceSpec
from neuroloop.drill.parts.trigger import Trigger


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[sensor.NAME]``."""

    trigger: str = "trigger"
    """a file; the button is pressed while it says ``press``"""
    rate_hz: Positive = 100.0


class Button:
    """Tells its state at a fixed rate."""

    def __init__(self, spec: SourceSpec, trigger: Trigger) -> None:
        self._spec, self._trigger = spec, trigger
        self._period_us = round(1e6 / spec.rate_hz)
        self._next = 0

    @property
    def spec(self) -> SourceSpec:
        """What it yields."""
        return self._spec

    def read(self, until_us: int) -> Sequence[Scalars]:
        """Return what is stamped before ``until_us`` and was not returned before."""
        found = []
        while (t_us := self._next * self._period_us) < until_us:
            pressed = self._trigger.word == "press"
            found.append(Scalars(t_us, np.array([pressed], np.float32)))
            self._next += 1
        return found


def build(config: Config, site: Site) -> Button:
    """Make the sensor."""
    spec = SourceSpec(site.name, Scalars, (1,), config.rate_hz, low=0.0, high=1.0, repeats=True)
    return Button(spec, Trigger(site.folder / config.trigger))
