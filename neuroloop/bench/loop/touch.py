"""The sensor of ``loop.toml``: 64,000 address events a second, in readings of a fixed rate.

A reading is stamped in the moment it is asked for, as that of a device which samples when it is
read; so what comes after the stamp, and nothing else, is the loop's own.
"""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from neuroloop.core.body import Positive
from neuroloop.core.ports import Site
from neuroloop.core.values import SourceSpec, Spikes

UNITS = 256
EVENTS_HZ = 64_000.0


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of the sensor."""

    rate_hz: Positive = 997.0


class Touch:
    """Gives a reading whenever a period has gone by, of what happened since the one before."""

    def __init__(self, config: Config, site: Site) -> None:
        self.spec = SourceSpec(site.name, Spikes, (UNITS,), config.rate_hz)
        order = site.rng().permutation(UNITS).astype(np.uint32)
        self._order = np.concatenate([order, order])
        self._next = 0
        self._period_us = 1e6 / config.rate_hz
        self._period = -1
        self._since_us = -self._period_us

    def read(self, until_us: int) -> Sequence[Spikes]:
        """Return one reading, stamped now, where one is due."""
        period = int(until_us / self._period_us)
        if period <= self._period:
            return []
        events = min(max(round((until_us - self._since_us) * EVENTS_HZ / 1e6), 1), UNITS)
        self._period, self._since_us = period, until_us
        unit = self._order[self._next : self._next + events]
        self._next = (self._next + events) % UNITS
        return [Spikes(np.full(events, until_us - 1, np.int64), unit)]


def build(config: Config, site: Site) -> Touch:
    """Make the sensor."""
    return Touch(config, site)
