"""Spikes of one population over a run: ticks, units, and how much each counts."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from neuroloop.core.values import Int64s


@dataclass(frozen=True, eq=False)
class Trains:
    """The spike trains of ``n`` neurons, sorted by tick, then unit.

    Spikes of one unit in one tick are one entry; ``weight`` is what a graded spike carries, or how
    often the unit fired in that tick.
    """

    n: int
    ticks: int
    """length of the run"""
    tick: Int64s
    """``int64[k]``, 0 up to ``ticks``"""
    unit: Int64s
    """``int64[k]``"""
    weight: Int64s
    """``int64[k]``"""

    @classmethod
    def silent(cls, n: int, ticks: int) -> Self:
        """Return trains without a spike."""
        nothing = np.empty(0, np.int64)
        return cls(n, ticks, nothing, nothing, nothing)

    def earlier(self, late: int, ticks: int) -> "Trains":
        """Return the run as if it had begun ``late`` ticks later, cut to ``ticks``."""
        tick = self.tick - late
        kept = (tick >= 0) & (tick < ticks)
        return Trains(self.n, ticks, tick[kept], self.unit[kept], self.weight[kept])

    @property
    def counts(self) -> Int64s:
        """Sum of the weights of each neuron, ``int64[n]``."""
        return np.bincount(self.unit, self.weight, self.n).astype(np.int64)

    @property
    def fired(self) -> int:
        """Neurons that fired at all."""
        return len(np.unique(self.unit))

    def rates_hz(self, dt_us: int) -> NDArray[np.float64]:
        """Return the mean rate of each neuron, ``float64[n]``."""
        return self.counts / (self.ticks * dt_us * 1e-6)


def first_difference(a: Trains, b: Trains) -> tuple[int, list[int]] | None:
    """Return the first tick in which two runs differ, and the units that do; None where none does.

    >>> import numpy as np
    >>> one, two, three = (np.array([k]) for k in (1, 2, 3))
    >>> first_difference(Trains(4, 9, one, two, one), Trains(4, 9, one, three, one))
    (1, [2, 3])
    """
    mine, others = _entries(a), _entries(b)
    odd = np.setxor1d(mine, others)
    if not len(odd):
        return None
    tick = int(odd["tick"].min())
    return tick, sorted({int(unit) for unit in odd["unit"][odd["tick"] == tick]})


def _entries(trains: Trains) -> NDArray[np.void]:
    kind = np.dtype([("tick", np.int64), ("unit", np.int64), ("weight", np.int64)])
    entries = np.empty(len(trains.tick), kind)
    entries["tick"], entries["unit"] = trains.tick, trains.unit
    entries["weight"] = trains.weight
    return entries
