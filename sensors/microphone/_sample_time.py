"""When samples were taken, by this machine's clock, from when blocks of them arrived.

Blocks arrive late by some milliseconds more or less, but how many samples there were is exact.
The device's first sample would be at ``arrival - count / rate``; what comes late makes it seem
later, never earlier, so the earliest is right.  The device's clock is not ours, and the estimate
may rise by `DRIFT` to follow one that is slow.  Where even the most punctual block of a second is
late by more than `GAP_US`, samples are missing: nothing that is only late stays late.
"""

DRIFT = 200e-6
"""two crystals differ by less"""
GAP_US = 30_000
_LOOK_US = 1_000_000


class SampleTime:
    """Stamps blocks of one stream.

    Attributes
    ----------
    gaps, missing
        How often, and about how many, samples were missing that nobody had counted.
    """

    def __init__(self, rate_hz: float) -> None:
        self._us = 1e6 / rate_hz
        self._rate_hz = rate_hz
        self._zero_us = 0.0
        self._look_us = self._seen_us = 0.0
        """when this second of looking began, and the earliest beginning that was seen in it"""
        self._last_us = 0.0
        self._started = False
        self.gaps = self.missing = 0

    def restart(self) -> None:
        """Begin with a new stream; what was counted stays."""
        self._started = False

    def stamp(self, samples: int, arrived_us: float) -> float:
        """Return when the last of ``samples`` was taken, counted from the stream's beginning.

        ``arrived_us`` is when the block that ends with it came.
        """
        seen_us = arrived_us - samples * self._us
        if not self._started:
            self._started, self._zero_us, self._last_us = True, seen_us, arrived_us
            self._begin_look(arrived_us, seen_us)
        self._zero_us += max(arrived_us - self._last_us, 0.0) * DRIFT
        self._last_us = max(arrived_us, self._last_us)
        self._zero_us = min(self._zero_us, seen_us)
        self._seen_us = min(self._seen_us, seen_us)
        if arrived_us - self._look_us >= _LOOK_US:
            late_us = self._seen_us - self._zero_us
            if late_us > GAP_US:
                self.gaps += 1
                self.missing += round(late_us * 1e-6 * self._rate_hz)
                self._zero_us = self._seen_us
            self._begin_look(arrived_us, seen_us)
        return self._zero_us + (samples - 1) * self._us

    def _begin_look(self, arrived_us: float, seen_us: float) -> None:
        self._look_us, self._seen_us = arrived_us, seen_us
