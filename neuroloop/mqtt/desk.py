"""Orders and steering that come in over MQTT, on their way to the guard."""

import logging
from collections.abc import Callable, Mapping
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from neuroloop.core.errors import NeuroloopError
from neuroloop.core.ports import GuardAccess
from neuroloop.core.safety import Order
from neuroloop.mqtt.heard import Message

ORDERS: Mapping[str, Order] = {
    "arm": Order.ARM,
    "disarm": Order.DISARM,
    "reset": Order.RESET,
    "stop": Order.STOP,
}
MOST_BYTES = 1024
MOST_NAMES = 16
"""that reports can tell apart; a guard knows few names, and its own parts need some"""
NOBODY = "somebody over MQTT"

_log = logging.getLogger("neuroloop.mqtt")


class _Order(Struct):
    order: Literal["arm", "disarm", "reset", "stop"]
    who: Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f]{1,64}\Z")] = NOBODY


class _Steer(Struct):
    values: Annotated[list[float], Meta(max_length=64)]


_Asked = TypeVar("_Asked", _Order, _Steer)


class Desk:
    """Takes what comes in; what is no order, or was kept by the broker, is refused and counted."""

    def __init__(self, guard: Callable[[], GuardAccess | None]) -> None:
        self._guard = guard
        self._names = {NOBODY}
        self.refused = 0

    def hear_order(self, message: Message) -> None:
        """Give an order to the guard."""
        asked = self._read(message, _Order)
        guard = self._guard()
        if asked is not None and guard is not None:
            guard.give(ORDERS[asked.order], self._name(asked.who))

    def hear_steer(self, message: Message) -> None:
        """Let somebody drive by hand."""
        asked = self._read(message, _Steer)
        guard = self._guard()
        if asked is None or guard is None:
            return
        try:
            guard.steer(asked.values)
        except NeuroloopError as error:
            self._refuse(message, str(error))

    def _read(self, message: Message, kind: type[_Asked]) -> _Asked | None:
        """Return what a message asks for, None where it asks for nothing."""
        why = ""
        if message.retained:
            why = "the broker kept it from before"
        elif len(message.payload) > MOST_BYTES:
            why = f"longer than {MOST_BYTES} bytes"
        else:
            try:
                return msgspec.json.decode(message.payload, type=kind)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
                why = str(error)
        self._refuse(message, why)
        return None

    def _refuse(self, message: Message, why: str) -> None:
        self.refused += 1
        if self.refused.bit_count() == 1:  # the 1st, 2nd, 4th, 8th ...: nobody can fill the log
            _log.warning("%s: message %d refused: %s", message.topic, self.refused, why)

    def _name(self, who: str) -> str:
        if who in self._names or len(self._names) < MOST_NAMES:
            self._names.add(who)
            return who
        return NOBODY
