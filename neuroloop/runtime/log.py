"""What leaves many ticks that run in one call."""

from dataclasses import dataclass

import numpy as np

from neuroloop.core.message import EVENT, EVENT_BYTES
from neuroloop.core.native import address_of
from neuroloop.core.values import Float32s, Spikes
from neuroloop.runtime.loop import Loop
from neuroloop.runtime.stride import (
    LOG_EVENT_BYTES,
    LOG_EVENTS,
    LOG_SPIKES,
    LOG_SYNOPS,
    LOG_WORDS,
    stride,
)

_AT_ONCE = 1 << 16
"""ticks in one call at most, so that Ctrl-C is heard"""
_ROOM = 1 << 18
"""spikes in a log, before those of the last tick"""
_LOGGED = np.dtype([*EVENT.descr, ("outlet", np.int64)])


@dataclass(frozen=True)
class Stride:
    """Some ticks that were run."""

    ticks: int
    events: "np.ndarray[tuple[int], np.dtype[np.void]]"
    """spikes of the watched populations, `EVENT` records with the number of the population"""
    spikes: int
    """of all populations"""
    synops: int
    cost_us: Float32s
    """of each tick"""


class Log:
    """Room for what leaves many ticks; ``outcome_bytes`` is the most that leaves one."""

    def __init__(self, outcome_bytes: int) -> None:
        most = _ROOM + -(-outcome_bytes // EVENT_BYTES)
        words = LOG_WORDS + most * LOG_EVENT_BYTES // 8
        self._words = np.zeros(words, np.int64)
        self._cost = np.zeros(_AT_ONCE, np.float32)

    def run(self, loop: Loop, ticks: int) -> Stride:
        """Run up to ``ticks`` ticks of a loop that has neither world nor parts in Python."""
        done = stride(
            *loop.addresses,
            address_of(self._words),
            _ROOM,
            address_of(self._cost),
            loop.next_index,
            min(ticks, _AT_ONCE),
            loop.dt_us,
        )
        loop.next_index += done
        words = self._words
        end = LOG_WORDS + int(words[LOG_EVENTS]) * LOG_EVENT_BYTES // 8
        events = words[LOG_WORDS:end].view(_LOGGED).copy()
        cost = self._cost[:done].copy()
        return Stride(done, events, int(words[LOG_SPIKES]), int(words[LOG_SYNOPS]), cost)


def by_outlet(strides: list[Stride], outlets: int) -> list[Spikes]:
    """Return the spikes of each watched population."""
    events = np.concatenate([s.events for s in strides]) if strides else np.empty(0, _LOGGED)
    found = []
    for k in range(outlets):
        own = events[events["outlet"] == k]
        value = own["value"].copy() if (own["value"] != 1).any() else np.empty(0, np.int32)
        found.append(Spikes(own["t_us"].copy(), own["unit"].copy(), value))
    return found
