"""A network camera that lives beside the robot, and is unplugged while the trigger says so.

As a sensor it gives how many pictures it sent; another sensor of the run looks at them.
"""

from collections.abc import Sequence
from typing import Annotated, Self

import numpy as np
from msgspec import Meta, Struct

from neuroloop.core.ports import Site
from neuroloop.core.values import Scalars, SourceSpec
from neuroloop.drill.parts.trigger import Trigger
from neuroloop.testing.camera_server import CameraServer, wandering_bar

_WIDTH, _HEIGHT, _RATE_HZ = 160, 120, 50.0


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[sensor.NAME]``."""

    port: Annotated[int, Meta(ge=1024, le=65_535)]
    trigger: str = "trigger"
    """a file; while it says ``unplug`` nobody answers at the port"""


class NetworkCamera:
    """Serves a bar that wanders; a context manager."""

    def __init__(self, config: Config, site: Site) -> None:
        self._spec = SourceSpec(site.name, Scalars, (1,), _RATE_HZ, repeats=True)
        self._trigger = Trigger(site.folder / config.trigger)
        self._server = CameraServer(
            lambda seconds: wandering_bar(seconds, _WIDTH, _HEIGHT), _RATE_HZ, port=config.port
        )
        self._plugged = False
        self._period_us = round(1e6 / _RATE_HZ)
        self._next_us = 0

    def __enter__(self) -> Self:
        """Plug it in."""
        self._server.start()
        self._plugged = True
        return self

    def __exit__(self, *_: object) -> None:
        """Unplug it."""
        self._server.stop()

    @property
    def spec(self) -> SourceSpec:
        """What it yields."""
        return self._spec

    def read(self, until_us: int) -> Sequence[Scalars]:
        """Return what is stamped before ``until_us`` and was not returned before."""
        wanted = self._trigger.word != "unplug"
        if wanted != self._plugged:
            (self._server.start if wanted else self._server.stop)()
            self._plugged = wanted
        found = []
        while self._next_us < until_us:
            sent = np.array([self._server.sent], np.float32)
            found.append(Scalars(self._next_us, sent))
            self._next_us += self._period_us
        return found


def build(config: Config, site: Site) -> NetworkCamera:
    """Make the sensor."""
    return NetworkCamera(config, site)
