"""What all sensors of a simulated robot share: they look at the plant once a period."""

import json
import math
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import numpy as np

from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Plant, Site
from neuroloop.core.values import SourceSpec

R = TypeVar("R")


class Sampler(Generic[R]):
    """Yields ``measure(t_us)`` at the first tick at or after each period, from run time 0 on.

    A reading is stamped with the plant's present time.  Periods shorter than a tick lose readings.
    """

    def __init__(
        self,
        spec: SourceSpec,
        plant: Plant,
        measure: Callable[[int], R],
        rng: np.random.Generator | None = None,
    ) -> None:
        self._spec, self._plant, self._measure, self._rng = spec, plant, measure, rng
        self._period_us = 1e6 / spec.rate_hz
        self._index = 0
        self._due_us = 0

    @property
    def spec(self) -> SourceSpec:
        """What it yields."""
        return self._spec

    def read(self, until_us: int) -> tuple[R, ...]:
        """Return the reading that is due, if the plant's present is before ``until_us``."""
        if self._due_us >= until_us:
            return ()
        t_us = self._plant.t_us
        if not self._due_us <= t_us < until_us:
            return ()
        self._index = max(self._index + 1, int(t_us // self._period_us) + 1)
        # rounding of the period must not push a reading to the tick after
        self._due_us = math.ceil(self._index * self._period_us - 1e-3)
        return (self._measure(t_us),)

    def seed(self, rng: np.random.Generator) -> None:
        """Draw the measurements' noise from ``rng`` from now on."""
        if self._rng is not None:
            self._rng.bit_generator.state = rng.bit_generator.state

    def snapshot(self) -> bytes:
        """Return the time of the next reading and the state of the random numbers, as JSON."""
        state: dict[str, Any] = {"index": self._index, "due_us": self._due_us}
        if self._rng is not None:
            state["rng"] = self._rng.bit_generator.state
        return json.dumps(state).encode()

    def restore(self, state: bytes) -> None:
        """Go back to a snapshot."""
        kept = json.loads(state)
        self._index, self._due_us = kept["index"], kept["due_us"]
        if self._rng is not None:
            self._rng.bit_generator.state = kept["rng"]


def plant_of(site: Site, rate_hz: float) -> Plant:
    """Return the plant to read, or say that there is none, or that it cannot be read so often."""
    if rate_hz > 1e6 / site.dt_us * (1 + 1e-9):
        raise ConfigError(
            f"sensor.{site.name}.rate_hz: {rate_hz:g}; a plant is read once in a tick of"
            f" {site.dt_us} us: at most {1e6 / site.dt_us:g} is wanted"
        )
    if site.plant is None:
        raise ConfigError(
            f"sensor.{site.name}: reads a simulated robot, but the run file has no [plant];"
            " add one, or choose the sensor of the real robot"
        )
    return site.plant


def check_upright(pose: tuple[float, ...], mount: str, site: Site) -> None:
    """Refuse a mounting that is rolled or pitched: the simulated sensors stand upright."""
    if pose[3] != 0.0 or pose[4] != 0.0:
        raise ConfigError(
            f'sensor.{site.name}: the mounting "{mount}" of the body has roll {pose[3]} and pitch'
            f" {pose[4]}; simulated sensors stand upright, 0 and 0 are wanted"
        )
