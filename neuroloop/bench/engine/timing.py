"""What the ticks of a simulator cost, by its own clock."""

from dataclasses import dataclass

import numpy as np

from neuroloop.core.values import Float32s
from neuroloop.runtime.simulator import Simulator


@dataclass(frozen=True)
class Window:
    """A number of ticks in a row."""

    cost_us: Float32s
    """of each tick"""
    spikes: int
    """of all populations"""
    watched: int
    """spikes of the watched populations"""
    synops: int


class Again:
    """Runs the same ticks again and again, and keeps the shortest time of each.

    What other processes do to a tick does not happen to it every time.
    """

    def __init__(self, simulator: Simulator, ticks: int, warm_up: int) -> None:
        self.simulator, self._ticks = simulator, ticks
        window(simulator, warm_up)
        self._state = simulator.snapshot()
        self.first = window(simulator, ticks)
        """as it was met, other processes included"""
        self.shortest_us = self.first.cost_us

    def run(self) -> None:
        """Run them once more."""
        self.simulator.restore(self._state)
        self.shortest_us = np.minimum(self.shortest_us, window(self.simulator, self._ticks).cost_us)

    def percentile_us(self, percent: float) -> float:
        """Return what so many percent of the ticks do not exceed, undisturbed."""
        return float(np.percentile(self.shortest_us, percent))


def window(simulator: Simulator, ticks: int) -> Window:
    """Run ``ticks`` ticks."""
    strides = list(simulator.strides(ticks))
    return Window(
        np.concatenate([s.cost_us for s in strides]),
        sum(s.spikes for s in strides),
        sum(len(s.events) for s in strides),
        sum(s.synops for s in strides),
    )


def again(simulator: Simulator, ticks: int, repeats: int) -> Again:
    """Run the same ``ticks`` ticks ``repeats`` times, after as many others."""
    found = Again(simulator, ticks, ticks)
    for _ in range(repeats - 1):
        found.run()
    return found
