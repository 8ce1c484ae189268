"""What a person, a program or a part tells the guard while the loop runs.

Orders enter through the tick's record as everything does, so a replay obeys them too.  Any thread
may give them.
"""

import threading
from collections.abc import Mapping, Sequence

import numpy as np

from neuroloop.core.errors import ConfigError, nearest
from neuroloop.core.safety import MOST_WHO, ORDERS, Order
from neuroloop.core.values import Motion, Spikes
from neuroloop.runtime.feed import Feed

NOBODY = "somebody"


class Orders:
    """The writer's end of the guard's ports; without a guard it takes orders that nobody reads."""

    def __init__(
        self, feed: Feed | None = None, steer: Mapping[str, tuple[Feed, int]] | None = None
    ) -> None:
        self._feed = feed
        self._steer = dict(steer or {})
        self._lock = threading.Lock()
        self.names: list[str] = []
        """who gave orders, by their number"""

    @property
    def limbs(self) -> Sequence[str]:
        """Names of the actuators that can be steered."""
        return tuple(self._steer)

    def give(self, order: Order, who: str, t_us: int) -> None:
        """Give an order; ``who`` is what a report will name."""
        if self._feed is None:
            return
        with self._lock:
            unit = ORDERS * self._number(who) + order
            stamp = np.array([t_us], np.int64)
            self._feed.spikes(Spikes(stamp, np.array([unit], np.uint32)), 1)

    def steer(self, limb: str, values: Sequence[float], t_us: int) -> None:
        """Want a motion of an actuator instead of the network's, for as long as commands last."""
        if limb not in self._steer:
            raise ConfigError(f'nothing called "{limb}" can be steered{nearest(limb, self._steer)}')
        feed, channels = self._steer[limb]
        wanted = np.asarray(values, np.float32)
        if wanted.shape != (channels,) or not np.isfinite(wanted).all():
            raise ConfigError(f'"{limb}" is steered by {channels} finite numbers')
        with self._lock:
            feed.reading(Motion(t_us, wanted))

    def _number(self, who: str) -> int:
        if who not in self.names:
            if len(self.names) == MOST_WHO - 1:
                self.names.append(NOBODY)
            if len(self.names) == MOST_WHO:
                return MOST_WHO - 1
            self.names.append(who)
        return self.names.index(who)
