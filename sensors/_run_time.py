"""From this machine's monotonic clock to run time, for sensors that live in real time."""


class RunTime:
    """Where run time began on this machine's monotonic clock, found from when a sensor is read.

    In a live run a sensor is read up to the present.  A thread that was kept waiting makes the
    beginning seem later, never earlier, so the earliest is right.
    """

    def __init__(self) -> None:
        self._zero_us: int | None = None

    def read(self, until_us: int, now_us: int) -> int | None:
        """Return the beginning, where reading up to ``until_us`` happens now; None before it."""
        if until_us <= 0:
            return None
        seen_us = now_us - until_us
        self._zero_us = seen_us if self._zero_us is None else min(self._zero_us, seen_us)
        return self._zero_us
