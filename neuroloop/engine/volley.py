"""A volley: the spikes of one reading, over a fixed number of ticks.

It begins in the tick of a reading.  While one runs, the newest reading waits for its end.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from neuroloop.core.kernel import inline
from neuroloop.core.values import Int64s, Spikes
from neuroloop.engine.row import fresh

SERIAL, WAITING, NOW = range(3)
"""words of the array `state` returns: the reading last seen, whether one waits, and the tick of the
volley, from 0"""
_NEVER = 1 << 40


def state() -> ArrayLike:
    """Return the array in which an encoder keeps its place, for `now`."""
    return np.array([0, 0, _NEVER], np.int64)


@inline
def now(arena: Any, row: Any, place: Any, length: Any) -> Any:
    """Move on by a tick; returns which one of the volley it is, from 0, and -1 where none runs."""
    if fresh(arena, row, place):
        place[WAITING] = 1
    place[NOW] += 1
    if place[NOW] < length:
        return place[NOW]
    if place[WAITING] == 0:
        place[NOW] = length
        return -1
    place[WAITING] = 0
    place[NOW] = 0
    return 0


def in_order(tick: Int64s, unit: Int64s, dt_us: int) -> Spikes:
    """Return spikes by time, then unit, from ticks and units in any order."""
    order = np.lexsort((unit, tick))
    return Spikes(tick[order] * dt_us, unit[order].astype(np.uint32))
