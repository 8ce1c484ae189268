"""What the wheels are to do at each moment: a command acts from when it was heard, for so long."""

from collections import deque
from collections.abc import Sequence

_FOREVER_US = 2**62
_MOST = 10_000
"""commands that wait where the world is behind; before that the oldest are forgotten"""


class Wishes:
    """A body's commands along its run time.

    A world that is behind, because the process was not given a core, must not be driven through the
    time it missed by what it was told afterwards: nobody commanded it then, so the watchdog stopped
    it.
    """

    def __init__(self, channels: int, watchdog_us: int) -> None:
        self._nothing = (0.0,) * channels
        self._watchdog_us = watchdog_us
        self._heard: deque[tuple[int, Sequence[float]]] = deque(maxlen=_MOST)

    def hear(self, t_us: int, values: Sequence[float]) -> None:
        """Take note of what is wanted from ``t_us`` on, which never goes back."""
        self._heard.append((t_us, tuple(values)))

    def at(self, t_us: int) -> tuple[Sequence[float], int]:
        """Return what is wanted at ``t_us``, and up to when; ``t_us`` never goes back."""
        heard = self._heard
        while len(heard) > 1 and heard[1][0] <= t_us:
            heard.popleft()
        if not heard or heard[0][0] > t_us:
            return self._nothing, heard[0][0] if heard else _FOREVER_US
        following = heard[1][0] if len(heard) > 1 else _FOREVER_US
        stop_us = heard[0][0] + self._watchdog_us
        if t_us >= stop_us:
            return self._nothing, following
        return heard[0][1], min(following, stop_us)
