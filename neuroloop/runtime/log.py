"""What leaves many ticks that run in one call."""

from dataclasses import dataclass

import numpy as np

from neuroloop.core.message import KIND, MESSAGE_WORDS, N_BYTES, PORT, SIZE, T_US, Kind, Message
from neuroloop.core.native import address_of
from neuroloop.core.values import Float32s
from neuroloop.runtime.loop import Loop
from neuroloop.runtime.stride import LOG_END, LOG_SPIKES, LOG_SYNOPS, LOG_WORDS, stride

_AT_ONCE = 1 << 16
"""ticks in one call at most, so that Ctrl-C is heard"""
_BYTES = 1 << 22


@dataclass(frozen=True)
class Stride:
    """Some ticks that were run."""

    ticks: int
    left: list[Message]
    """the spikes of the watched populations, in order"""
    spikes: int
    synops: int
    cost_us: Float32s
    """of each tick"""


class Log:
    """Room for what leaves many ticks; ``outcome_bytes`` is the most that leaves one."""

    def __init__(self, outcome_bytes: int) -> None:
        self._words = np.zeros((_BYTES + outcome_bytes) // 8 + LOG_WORDS, np.int64)
        self._cost = np.zeros(_AT_ONCE, np.float32)

    def run(self, loop: Loop, ticks: int) -> Stride:
        """Run up to ``ticks`` ticks of a loop that has neither world nor parts in Python."""
        done = stride(
            *loop.addresses,
            address_of(self._words),
            _BYTES,
            address_of(self._cost),
            loop.next_index,
            min(ticks, _AT_ONCE),
            loop.dt_us,
        )
        loop.next_index += done
        words = self._words
        left = self._messages() if words[LOG_END] > 8 * LOG_WORDS else []
        cost = self._cost[:done].copy()
        return Stride(done, left, int(words[LOG_SPIKES]), int(words[LOG_SYNOPS]), cost)

    def _messages(self) -> list[Message]:
        end = int(self._words[LOG_END])
        kept = self._words[: end // 8].copy()
        content = kept.view(np.uint8)
        found, at = [], LOG_WORDS
        while 8 * at < end:
            head = kept[at : at + MESSAGE_WORDS].tolist()
            first = 8 * (at + MESSAGE_WORDS)
            payload = content[first : first + head[N_BYTES]]
            found.append(Message(Kind(head[KIND]), head[PORT], head[T_US], payload))
            at += head[SIZE] // 8
        return found
