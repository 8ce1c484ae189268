r"""A sensor of the motion bench: a drifting grating or bar, as a camera would see it.

A grating is a sine of the place, :math:`g = m (1 + c \sin(2 \pi s / \lambda))`, with s the way
along the direction of motion; a bar is one bright half-period of it on a dark ground.
"""

import math
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta, Struct

from neuroloop.core.body import Fraction, Positive
from neuroloop.core.ports import Site
from neuroloop.core.values import Frame, SourceSpec, UInt8s

_WAY = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
_MEAN = 120.0


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of the sensor."""

    direction: Literal["left", "right", "up", "down"]
    speed: Positive
    """pixels a second"""
    shape: Literal["grating", "bar"] = "grating"
    period: Annotated[float, Meta(ge=4)] = 16.0
    """of the grating, in pixels; a bar is half as wide"""
    contrast: Fraction = 0.6
    seconds: Positive = 2.0
    rate_hz: Positive = 60.0
    width: Annotated[int, Meta(ge=8, le=1024)] = 64
    height: Annotated[int, Meta(ge=8, le=1024)] = 48


class Stimulus:
    """Gives frame after frame, and ends."""

    def __init__(self, config: Config, site: Site) -> None:
        self._config = config
        right, down = _WAY[config.direction]
        y, x = np.mgrid[: config.height, : config.width] + 0.5
        # pixels along the way, from the edge where a bar comes in
        self._along = right * x + down * y
        self._along -= self._along.min() - 0.5
        self._index = 0
        self._frames = math.ceil(config.seconds * config.rate_hz)
        self.spec = SourceSpec(
            name=site.name,
            reading=Frame,
            shape=(config.height, config.width),
            rate_hz=config.rate_hz,
            unit="grey",
            low=0.0,
            high=255.0,
        )

    @property
    def ended(self) -> bool:
        """Whether the last frame was returned."""
        return self._index >= self._frames

    def read(self, until_us: int) -> list[Frame]:
        """Return the frames stamped before ``until_us``."""
        frames = []
        while not self.ended:
            t_us = round(self._index * 1e6 / self._config.rate_hz)
            if t_us >= until_us:
                break
            frames.append(Frame(t_us, self._picture(t_us * 1e-6)))
            self._index += 1
        return frames

    def _picture(self, t_s: float) -> UInt8s:
        config = self._config
        place = (self._along - config.speed * t_s) / config.period
        if config.shape == "grating":
            wave = np.sin(2 * np.pi * place)
        else:
            # it comes in again when it has left
            lap = (self._along.max() + config.period) / config.period
            wave = np.sin(2 * np.pi * np.clip((place % lap), 0.0, 0.5)) * 2.0 - 1.0
        grey: UInt8s = np.round(_MEAN * (1.0 + config.contrast * wave)).astype(np.uint8)
        return grey


def build(config: Config, site: Site) -> Stimulus:
    """Return a source of `Frame`."""
    return Stimulus(config, site)
