"""Everything beside the live tick: who works in a thread, and who looks after them."""

import logging
import time
from types import TracebackType
from typing import Self

import numpy as np

from neuroloop.core.message import R_DT_US, R_INDEX, R_T_US, messages
from neuroloop.core.ports import Actuator, Rousing
from neuroloop.core.safety import Order
from neuroloop.core.values import Tick, UInt8s
from neuroloop.runtime.boundary import blame
from neuroloop.runtime.live.beside import Beside
from neuroloop.runtime.live.live import Live
from neuroloop.runtime.live.thread import LiveTick
from neuroloop.runtime.loop import Loop
from neuroloop.runtime.source import OpenSource

_PUMP_S = 1e-3
"""how often the motors and the parts in plain Python are served"""
_POLL_S = 0.005
"""how often a sensor is looked at, at least"""
_LOOK_S, _LAST_LOOK_S = 5e-3, 3.0
"""how long the onlookers may take in one go, and to catch up at the end"""
_READ_AHEAD_US = 50_000
"""recordings are read before their time; each reading waits in its ring until it is due"""
_HANG_S = 0.15
"""a part that motion depends on may take so long for one call"""
_FIRST_S = _SLOW_S = 1.0
"""any other part"""
_END_S = 0.5
_PRIORITY = 49
"""of what motion depends on in Python, just below the tick: it is never long at work, and a machine
that lets it wait behind ordinary programs would stop the robot"""


class Crew:
    """The threads of one live run."""

    def __init__(self, loop: Loop, live: Live, tick: LiveTick) -> None:
        self._loop, self._live, self._tick = loop, live, tick
        self._vital: list[Beside] = []
        self._sensors = [self._sensor(s) for s in loop.sources if not s.hosted]
        self._others = [Beside("the onlookers", lambda: self._show(_LOOK_S), _PUMP_S)]
        move = Beside("the actuators", self._move, _PUMP_S, priority=_PRIORITY)
        harmless = all(_harmless(actuator) for actuator in loop.actuators)
        (self._others if harmless else self._vital).append(move)
        if loop.python_parts:
            names = ", ".join(f'"{p.name}"' for p in loop.python_parts)
            self._vital.append(Beside(f"the Python part {names}", self._parts, _PUMP_S))
        self._failing: set[str] = set()
        self.ages_us: dict[str, int] = {}
        """largest age of a reading when it reached its ring, by sensor"""

    @property
    def _all(self) -> list[Beside]:
        return [*self._sensors, *self._vital, *self._others]

    def __enter__(self) -> Self:
        """Start them."""
        for beside in self._all:
            beside.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End them; one that hangs is named and left behind."""
        for beside in self._all:
            beside.ask_to_stop()
        end = time.monotonic() + _END_S
        for beside in self._all:
            if not beside.ended(max(end - time.monotonic(), 0.0)):
                self._live.say(f"{beside.name} hangs and was left behind")

    def look(self) -> None:
        """Look after them; raises what one of them ended with."""
        for beside in (*self._vital, *self._others):
            if beside.error is not None:
                self._order(Order.FAULT, beside.name)
                raise beside.error
        for beside in self._vital:
            self._hangs(beside, _HANG_S, vital=True)
        for beside in (*self._sensors, *self._others):
            self._hangs(beside, _SLOW_S, vital=False)
        for beside in self._sensors:
            self._fails(beside)

    def show_rest(self) -> None:
        """Let the onlookers see what they have not seen, when nothing else goes on."""
        self._show(_LAST_LOOK_S)

    def _hangs(self, beside: Beside, most_s: float, *, vital: bool) -> None:
        """Name one that has not returned; while motion depends on it nothing moves."""
        # code is read and memory touched in the first call
        hangs = beside.busy_s > (most_s if beside.calls else _FIRST_S)
        if hangs == beside.hung:
            return
        beside.hung = hangs
        if hangs:
            self._live.say(f"{beside.name} has not returned for {beside.busy_s:.2f} s")
        else:
            self._live.say(f"{beside.name} goes on", level=logging.INFO)
        if vital:
            self._order(Order.FAULT if hangs else Order.CLEAR, beside.name)

    def _fails(self, beside: Beside) -> None:
        """Name a sensor that failed; nothing moves until it was opened again."""
        failing = bool(beside.failure)
        if failing == (beside.name in self._failing):
            return
        if failing:
            self._failing.add(beside.name)
            self._live.say(f"{beside.failure}; it is opened again")
        else:
            self._failing.remove(beside.name)
            self._live.say(f"{beside.name} is back", level=logging.INFO)
        self._order(Order.FAULT if failing else Order.CLEAR, beside.name)

    def _order(self, order: Order, who: str) -> None:
        self._loop.orders.give(order, who, self._tick.now_us)

    def _sensor(self, source: OpenSource) -> Beside:
        """Look at one sensor several times in each of its periods."""
        rate = source.spec.rate_hz
        # what is stamped by the device, or waits in a file, loses nothing by waiting a little
        waits = rate and source.spec.stamped_by == "device"
        period = min(max(0.1 / rate, _PUMP_S), _POLL_S) if waits else _PUMP_S
        ahead_us = _READ_AHEAD_US if source.recorded else 0

        def poll() -> None:
            before = source.readings
            source.poll(self._tick.now_us + ahead_us)
            if source.readings > before:
                age_us = self._tick.now_us - source.newest_us
                self.ages_us[source.spec.name] = max(self.ages_us.get(source.spec.name, 0), age_us)

        def again() -> None:
            source.reopen()
            listen()

        name = f'sensor "{source.spec.name}"'
        if source.recorded:
            return Beside(name, poll, period)
        # one that is roused works only when there is something; any other might never rest
        urgent = isinstance(source.part, Rousing)
        beside = Beside(name, poll, period, again, _PRIORITY if urgent else 0)

        def listen() -> None:
            if isinstance(source.part, Rousing):
                source.part.rouse_by(beside.rouse)

        listen()
        return beside

    def _move(self) -> None:
        if self._tick.moved():
            self._loop.move(self._tick.motion.copy())

    def _parts(self) -> None:
        tail = self._tick.parts
        if tail is None:
            return
        for record, outcome in tail.ticks():
            now = Tick(*(int(w) for w in record.view(np.int64)[[R_INDEX, R_T_US, R_DT_US]]))
            entered, left = list(messages(record)), list(messages(outcome))
            for part in self._loop.python_parts:
                part.take(now, entered, left)

    def _show(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        for record, outcome in self._tick.onlookers.ticks():
            show(self._loop, record, outcome)
            self._live.shown += 1
            if time.monotonic() > end:
                break


def _harmless(actuator: Actuator) -> bool:
    """Whether nothing goes wrong where motion reaches it late, or never, through Python."""
    return getattr(actuator, "mailbox", None) is not None or getattr(actuator, "harmless", False)


def show(loop: Loop, record: UInt8s, outcome: UInt8s) -> None:
    """Let every sink see a tick."""
    for sink in loop.sinks:
        try:
            sink.take(record, outcome)
        except Exception as error:
            blame("sink", type(sink).__name__, error)
