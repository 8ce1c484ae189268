"""The guard of a loop, in the hands of a part that speaks with a real robot."""

from collections.abc import Sequence
from dataclasses import dataclass

from neuroloop.core.safety import Order, State
from neuroloop.runtime.loop import Loop
from neuroloop.runtime.said import said, state_of


@dataclass(frozen=True)
class LimbGuard:
    """A `core.ports.GuardAccess` for one actuator."""

    loop: Loop
    limb: str
    """name of the actuator"""

    def give(self, order: Order, who: str) -> None:
        """Give an order; it enters with the next tick."""
        self.loop.orders.give(order, who, self._now_us)

    def steer(self, values: Sequence[float]) -> None:
        """Steer the limb from the next tick on.

        Raises
        ------
        ConfigError
            Where these are not finite numbers, one a channel.
        """
        self.loop.orders.steer(self.limb, values, self._now_us)

    def state(self) -> State | None:
        """Return the guard's state, None where there is no guard."""
        return state_of(self.loop)

    def text(self) -> str:
        """Return its state and why, in one line."""
        return str(said(self.loop).get("short", ""))

    @property
    def _now_us(self) -> int:
        return self.loop.next_index * self.loop.dt_us
