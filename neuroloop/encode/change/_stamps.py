"""Where a frame lies in time: from when to when its events can have happened.

A frame's events happened since the frame before it.  What came first, late, twice, after a gap or
from a clock that was set back is met here, counted, and never guessed at.
"""

from dataclasses import dataclass, field
from enum import Enum, auto

GAPS = "frames after a gap"
STALE = "frames left out, no later than the one before"
SET_BACK = "times the clock was set back"
_SET_BACK_US = 1_000_000
_GAP = 1.5


class Place(Enum):
    """What a frame is to those before it."""

    FIRST = auto()
    """there is nothing to compare it with"""
    NEXT = auto()
    LEFT_OUT = auto()


@dataclass(frozen=True)
class Span:
    """The time that a frame's events are from."""

    begin_us: int
    """events are stamped after this"""
    length_us: int
    """and up to this much later, which is the frame's stamp"""
    passed_us: int
    """since the frame before"""
    noise_us: int
    """for which pixels make noise: not in a gap, of which nothing is known"""


@dataclass
class Stamps:
    """Places frames in time, one after another."""

    period_us: int
    """nominal, from frame to frame; 0 where it is not known"""
    reach_us: int
    """how far before its frame an event may lie; 0 stamps all events as their frame"""
    last_us: int | None = None
    """the frame before"""
    counts: dict[str, int] = field(default_factory=lambda: {GAPS: 0, STALE: 0, SET_BACK: 0})

    def place(self, t_us: int) -> Place:
        """Say what a frame is; one that is left out leaves everything as it was.

        A stamp that lies a second back, or more, is that of a clock that was set back.
        """
        last = self.last_us
        if last is not None and last - _SET_BACK_US < t_us <= last:
            self.counts[STALE] += 1
            return Place.LEFT_OUT
        if last is not None and t_us > last:
            return Place.NEXT
        self.counts[SET_BACK] += last is not None
        self.last_us = t_us
        return Place.FIRST

    def span(self, t_us: int) -> Span:
        """Return the time of the next frame and go on to it.

        Where the frame before lies farther back than events may, they are stamped as if it had come
        as late as that.  More than 1.5 periods are a gap.
        """
        passed_us = t_us - (t_us if self.last_us is None else self.last_us)
        self.last_us = t_us
        gap = 0 < _GAP * self.period_us < passed_us
        self.counts[GAPS] += gap
        length_us = max(1, min(passed_us, self.reach_us))
        noise_us = self.period_us if gap else min(passed_us, _SET_BACK_US)
        return Span(t_us - length_us, length_us, passed_us, noise_us)
