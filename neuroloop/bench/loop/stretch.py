"""What one way of running the loop did over a stretch of time."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from neuroloop.runtime.realtime import Granted

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Quantiles:
    """Of a time in microseconds."""

    p50_us: float
    p99_us: float
    p999_us: float
    max_us: float


@dataclass(frozen=True)
class Stretch:
    """Ticks in a row; times are ``float64[ticks]`` in microseconds after the tick's deadline."""

    dt_us: int
    late_us: Floats
    """the tick began"""
    out_us: Floats
    """its motion was out"""
    skipped: int
    """deadlines that had passed by more than a tick"""
    granted: Granted
    reaction_us: Floats = field(default_factory=lambda: np.empty(0))
    """of each reading, from its stamp until the motion of the tick that it entered was out"""
    phases: Mapping[str, int] = field(default_factory=dict)
    """deadlines skipped, by what had taken the time"""
    unseen: int = 0
    """ticks that were run, but told to nobody in time: their times are not here"""

    @property
    def ran(self) -> int:
        """Ticks that were run, told or not."""
        return len(self.late_us) + self.unseen

    @property
    def on_time_percent(self) -> float:
        """Deadlines whose motion was out before the next one, of all.

        Ticks that were told to nobody are taken to be like the others.
        """
        if not len(self.out_us):
            return 0.0
        in_time = float((self.out_us < self.dt_us).mean())
        return 100.0 * in_time * self.ran / (self.ran + self.skipped)


def quantiles(times_us: Floats) -> Quantiles:
    """Return the quantiles; zeros where there are no times."""
    if not len(times_us):
        return Quantiles(0.0, 0.0, 0.0, 0.0)
    return Quantiles(*(float(q) for q in np.percentile(times_us, [50, 99, 99.9, 100])))
