"""The robot's clock, and what it knows of the brain's."""

import time

import messages
import protocol

MOST_SAMPLES = 12
HURRY_MS = 100
"""between questions while the brain's clock is not known"""
DRIFT = 10000
"""one in so many: two quartz clocks drift apart by 0.1 ms a second at most"""


class Clock:
    """Microseconds since the robot was switched on; the port's own counter runs over."""

    def __init__(self) -> None:
        self._last = time.ticks_us()
        self._now_us = 0

    def now_us(self) -> int:
        """Return the time; to be called more often than the counter runs over (9 minutes)."""
        ticks = time.ticks_us()
        self._now_us += time.ticks_diff(ticks, self._last)
        self._last = ticks
        return self._now_us


class Offset:
    """The brain's clock minus the robot's, from questions and answers over the network.

    With a question asked and its answer received by the robot's clock, and heard and sent by the
    brain's, as in NTP (RFC 5905): ``offset = ((heard - asked) + (sent - received)) / 2``, wrong by
    half of the time on the way at most.  The best of the recent answers counts.
    """

    def __init__(self, boot: int) -> None:
        self._boot = boot
        self._samples = []  # when, offset and uncertainty of each; the newest last
        self._number = 0
        self._asked_us = None
        self._next_us = 0

    def question(self, now_us: int) -> bytes | None:
        """Return the next question where one is due."""
        if now_us < self._next_us:
            return None
        pause_ms = protocol.CLOCK_EVERY_MS if self._samples else HURRY_MS
        self._next_us = now_us + 1000 * pause_ms
        self._number += 1
        self._asked_us = now_us
        return messages.sealed(
            protocol.ASK_LAYOUT, protocol.VERSION, self._boot, self._number, now_us
        )

    def heard(self, payload: bytes, now_us: int) -> bool:
        """Take an answer; False where it answers nothing that was asked, or not now."""
        found = messages.answer(payload, self._boot)
        if found is None or self._asked_us is None:
            return False
        number, asked_us, heard_us, sent_us = found
        way_us = (now_us - asked_us) - (sent_us - heard_us)
        if (number, asked_us) != (self._number, self._asked_us) or way_us < 0 or sent_us < heard_us:
            return False
        self._asked_us = None
        offset_us = ((heard_us - asked_us) + (sent_us - now_us)) // 2
        uncertainty_us = way_us // 2 + 1
        known_us, unsure_us = self.known(now_us)
        if known_us is not None and abs(offset_us - known_us) > uncertainty_us + unsure_us:
            self._samples = []  # the clock of another brain
        self._samples = self._samples[1 - MOST_SAMPLES :]
        self._samples.append((now_us, offset_us, uncertainty_us))
        return True

    def known(self, now_us: int) -> tuple:
        """Return offset and uncertainty, us; None and the worst one where it is not known."""
        oldest_us = now_us - 1000 * protocol.CLOCK_OLD_MS
        while self._samples and self._samples[0][0] < oldest_us:
            self._samples.pop(0)
        offset_us, best_us = None, protocol.MOST_UNCERTAINTY_US + 1
        for when_us, sample_us, uncertainty_us in self._samples:
            grown_us = uncertainty_us + (now_us - when_us) // DRIFT
            if grown_us < best_us:
                offset_us, best_us = sample_us, grown_us
        return offset_us, best_us
