"""What a live run has to say of itself at its end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from neuroloop.core.values import Int64s
from neuroloop.runtime.live.control import BINS
from neuroloop.runtime.realtime import Granted


@dataclass(frozen=True)
class Miss:
    """A tick after which deadlines were skipped."""

    index: int
    skipped: int
    phase: str
    """which phase took the time"""
    late_us: float
    """start of the tick after its deadline"""
    intake_us: float
    engine_us: float
    out_us: float
    cpu_us: float
    """the core worked for it"""


@dataclass(frozen=True)
class Latency:
    """How long after its stamp a reading enters a tick."""

    us: int
    measured: bool
    """at the start of the run; else it was declared"""


@dataclass(frozen=True)
class LiveFacts:
    """Counted by the tick itself, so that nothing is lost where onlookers are slow."""

    granted: Granted
    ticks: int = 0
    missed: int = 0
    """deadlines that were skipped"""
    misses: Sequence[Miss] = ()
    """the newest of them, with what made them"""
    late: Int64s = field(default_factory=lambda: np.zeros(BINS, np.int64))
    """histogram of lateness, `control.bin_edges_us`"""
    unseen: int = 0
    """ticks that were run, but that the onlookers were too slow for"""
    latencies: Mapping[str, Latency] = field(default_factory=dict)
    said: Sequence[str] = ()
    """what happened to parts and networks, in words, with the run time"""

    @property
    def phases(self) -> dict[str, int]:
        """Return how many deadlines each phase cost, among the misses that were kept."""
        counts: dict[str, int] = {}
        for miss in self.misses:
            counts[miss.phase] = counts.get(miss.phase, 0) + miss.skipped
        return counts
