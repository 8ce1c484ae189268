"""A microphone that lives beside the robot, and is pulled out while the trigger says so.

As a sensor it says whether it is plugged in; another sensor of the run listens to it.
"""

import os
from collections.abc import Sequence
from typing import Self

import numpy as np
from msgspec import Struct

from neuroloop.core.ports import Site
from neuroloop.core.values import Scalars, SourceSpec
from neuroloop.drill.parts.trigger import Trigger
from neuroloop.testing.virtual_microphone import VirtualMicrophone

_RATE_HZ = 20.0
_FOUND_BY = ("PULSE_SERVER", "PULSE_COOKIE")


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[sensor.NAME]``."""

    trigger: str = "trigger"
    """a file; while it says ``unplug`` there is no such device"""


class SoundDevice:
    """A virtual microphone in which it is quiet; a context manager."""

    def __init__(self, config: Config, site: Site) -> None:
        self._spec = SourceSpec(site.name, Scalars, (1,), _RATE_HZ, repeats=True)
        self._trigger = Trigger(site.folder / config.trigger)
        self._device = VirtualMicrophone()
        self._plugged = False
        self._period_us = round(1e6 / _RATE_HZ)
        self._next_us = 0

    def __enter__(self) -> Self:
        """Plug it in, where this process will look for microphones."""
        self._device.__enter__()
        os.environ.update({name: self._device.environment[name] for name in _FOUND_BY})
        self._plugged = True
        return self

    def __exit__(self, *_: object) -> None:
        """Pull it out."""
        self._device.__exit__()

    @property
    def spec(self) -> SourceSpec:
        """What it yields."""
        return self._spec

    def read(self, until_us: int) -> Sequence[Scalars]:
        """Return what is stamped before ``until_us`` and was not returned before."""
        wanted = self._trigger.word != "unplug"
        if wanted != self._plugged:
            (self._device.start if wanted else self._device.stop)()
            self._plugged = wanted
        found = []
        while self._next_us < until_us:
            found.append(Scalars(self._next_us, np.array([self._plugged], np.float32)))
            self._next_us += self._period_us
        return found


def build(config: Config, site: Site) -> SoundDevice:
    """Make the sensor."""
    return SoundDevice(config, site)
