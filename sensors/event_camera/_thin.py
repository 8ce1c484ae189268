"""No more events a tick than the engine was told of."""

import numpy as np

from neuroloop.core.kernel import kernel
from neuroloop.core.values import Spikes

_TICK, _IN_IT, _DROPPED = range(3)


class Thinner:
    """Keeps the first ``capacity`` spikes of each tick of ``dt_us`` and counts the others."""

    def __init__(self, dt_us: int, capacity: int) -> None:
        self._dt_us, self.capacity = dt_us, capacity
        self.state = np.array([-1, 0, 0], np.int64)
        """``int64[3]``: the last tick, how many spikes came in it, how many were dropped"""

    @property
    def dropped(self) -> int:
        """Spikes that were over capacity."""
        return int(self.state[_DROPPED])

    def kept(self, spikes: Spikes) -> Spikes:
        """Return what is kept; the arrays it was given are used for it."""
        t_us, unit = spikes.t_us, spikes.unit
        n = thin(t_us, unit, self._dt_us, self.capacity, self.state)
        return spikes if n == len(t_us) else Spikes(t_us[:n], unit[:n])


@kernel
def thin(t, unit, dt_us, capacity, state):
    """Move those that are kept to the front; returns how many they are."""
    tick, count, n = state[_TICK], state[_IN_IT], 0
    for k in range(t.shape[0]):
        own = t[k] // dt_us
        count = count + 1 if own == tick else 1
        tick = own
        t[n], unit[n] = t[k], unit[k]
        n += int(count <= capacity)
    state[_TICK], state[_IN_IT] = tick, count
    state[_DROPPED] += t.shape[0] - n
    return n
