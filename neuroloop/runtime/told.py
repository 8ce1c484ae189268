"""An order that a person gave to the guard of a running loop, and what came of it."""

import time
from dataclasses import dataclass
from typing import Any

from neuroloop.core.errors import ConfigError
from neuroloop.core.safety import Order, State
from neuroloop.runtime.loop import Loop
from neuroloop.runtime.said import STATES, said

PATIENCE_S = 0.5
"""how long an order may take until it is said that nothing came of it"""
_LOOK_S = 0.005

_AIM = {
    Order.ARM: State.ARMED,
    Order.DISARM: State.DISARMED,
    Order.RESET: State.DISARMED,
    Order.STOP: State.EMERGENCY,
}


@dataclass(frozen=True)
class Outcome:
    """Whether an order was obeyed, and in words what happened."""

    obeyed: bool
    text: str


class Told:
    """Gives an order when it is made; `wait` says what came of it.

    Parameters
    ----------
    order
        One of those that a person gives: arm, disarm, reset, emergency stop.
    who
        Whom a report will name.

    Raises
    ------
    ConfigError
        Where the loop has no guard because it moves nothing.
    """

    def __init__(self, loop: Loop, order: Order, who: str) -> None:
        self._loop, self._order = loop, order
        self._before = said(loop)
        if not self._before:
            raise ConfigError("this run moves nothing, so there is nothing to arm or to stop")
        self._deadline = time.monotonic() + PATIENCE_S
        loop.orders.give(order, who, loop.next_index * loop.dt_us)

    def outcome(self) -> Outcome | None:
        """Return what came of it, None as long as that is open."""
        now = said(self._loop)
        if State[now["state"].upper()] is _AIM[self._order]:
            return Outcome(obeyed=True, text=now["short"])
        if self._order is Order.ARM and now["refused"] > self._before["refused"]:
            return Outcome(obeyed=False, text=_not_armed(now))
        if time.monotonic() < self._deadline:
            return None
        if self._order is Order.ARM:
            return Outcome(obeyed=False, text=_not_armed(now))
        return Outcome(obeyed=False, text=f"nothing came of it: {now['short']}")

    def wait(self) -> Outcome:
        """Wait for the outcome, half a second at most."""
        while (outcome := self.outcome()) is None:
            time.sleep(_LOOK_S)
        return outcome


def _not_armed(now: dict[str, Any]) -> str:
    state = State[now["state"].upper()]
    if state is State.EMERGENCY:
        return f"not armed: {now['short']}; reset it first"
    if now["against"]:
        return f"not armed: {', '.join(now['against'])}"
    return f"not armed: {STATES[state]}, and no tick took the order"
