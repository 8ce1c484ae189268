"""What a robot knows of the brain's clock: asked every second, as computers ask for the time.

With the robot's times of asking and receiving and the brain's of hearing and sending,

    offset = ((heard - asked) + (sent - received)) / 2

is exact where both ways take equally long, and never wrong by more than half of the time that
passed on the ways.  Two crystals drift apart meanwhile, so an answer gets worse with age.
"""

import struct
from collections import deque
from dataclasses import dataclass

from neuroloop.core import robot_protocol as protocol
from sims.twin.messages import opened, sealed

_DRIFT = 1e-4
"""of two cheap crystals, 50 ppm each"""
_RECENT = 16
_MOST_US = 2**62


@dataclass(frozen=True)
class Known:
    """The offset at a moment."""

    offset_us: int
    """brain's clock minus the robot's"""
    uncertainty_us: int


class BrainClock:
    """The robot's end of the exchange; all times are the robot's unless they say otherwise."""

    def __init__(self, boot: int) -> None:
        self._boot = boot
        self._number = 0
        self._asked_us = -1
        """when the last question was put; -1 where it has been answered"""
        self._exchanges: deque[tuple[int, float, float]] = deque(maxlen=_RECENT)
        """when, offset, half of the time on the ways"""

    def ask(self, now_us: int) -> bytes:
        """Return the next question."""
        self._number, self._asked_us = self._number + 1, now_us
        return sealed(protocol.ASK_LAYOUT, protocol.VERSION, self._boot, self._number, now_us)

    def hear(self, message: bytes, now_us: int) -> None:
        """Learn from an answer; one that answers nothing that was asked is ignored."""
        content = opened(message)
        if content is None or len(content) != struct.calcsize(protocol.ANSWER_LAYOUT):
            return
        version, boot, number, asked_us, heard_us, sent_us = struct.unpack(
            protocol.ANSWER_LAYOUT, content
        )
        question = (protocol.VERSION, self._boot, self._number, self._asked_us)
        if (version, boot, number, asked_us) != question or not heard_us <= sent_us < _MOST_US:
            return
        half_us = ((now_us - asked_us) - (sent_us - heard_us)) / 2
        if half_us < 0:
            return
        self._asked_us = -1
        offset_us = ((heard_us - asked_us) + (sent_us - now_us)) / 2
        if not self._agrees(offset_us, half_us, now_us):
            self._exchanges.clear()  # another brain answers, or it was started again
        self._exchanges.append((now_us, offset_us, half_us))

    def known(self, now_us: int) -> Known | None:
        """Return the best of what was learned lately; None where that is too little."""
        recent = [e for e in self._exchanges if now_us - e[0] <= 1000 * protocol.CLOCK_OLD_MS]
        if not recent:
            return None
        best = min(recent, key=lambda e: _doubt(e, now_us))
        known = Known(round(best[1]), -int(-_doubt(best, now_us) // 1))
        return known if known.uncertainty_us <= protocol.MOST_UNCERTAINTY_US else None

    def _agrees(self, offset_us: float, half_us: float, now_us: int) -> bool:
        return all(
            abs(offset_us - e[1]) <= half_us + _doubt(e, now_us) + 1 for e in self._exchanges
        )


def _doubt(exchange: tuple[int, float, float], now_us: int) -> float:
    return exchange[2] + _DRIFT * (now_us - exchange[0])
