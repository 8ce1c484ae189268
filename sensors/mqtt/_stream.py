"""What all sensors over MQTT share: messages come in a thread, and wait until they are read."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Generic, Self, TypeVar

from neuroloop.core import robot_protocol as protocol
from neuroloop.core.ports import Site
from neuroloop.core.values import Float32s, SourceSpec
from neuroloop.mqtt.connection import Connection
from neuroloop.mqtt.heard import Handler, Message, now_us
from neuroloop.mqtt.settings import Broker
from sensors._run_time import RunTime
from sensors.mqtt._clock import RobotClock

R = TypeVar("R")
MOST_WAITING = 1000
"""messages that may wait to be read"""
_BODY_S = 0.3
"""how long a robot may take to say how it is"""

_log = logging.getLogger("neuroloop.mqtt")


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """What one message says; a clock and a count of its own are not in every message."""

    values: Float32s
    t_us: int | None = None
    """robot's clock"""
    boot: int | None = None
    number: int | None = None
    """goes up by one a message"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where messages come from."""

    broker: Broker
    topic: str
    robot: str
    """whose clock stamps them, "" where no robot's does"""


class Stream(Generic[R]):
    """A source of what is said on one topic; a context manager.

    Parameters
    ----------
    place
        What it listens to.
    parse
        Returns what a payload says, None where it says nothing.
    reading
        Makes a reading of a stamp and values.
    """

    def __init__(
        self,
        spec: SourceSpec,
        site: Site,
        place: Place,
        parse: Callable[[bytes], Sample | None],
        reading: Callable[[int, Float32s], R],
    ) -> None:
        self._spec, self._topic, self._robot = spec, place.topic, place.robot
        self._parse, self._reading = parse, reading
        self._clock, self._time = RobotClock(), RunTime()
        self._waiting: deque[tuple[int, Float32s]] = deque()
        self._taking = threading.Lock()
        """both threads take the oldest away: one to read it, one where there is no more room"""
        self._boot: int | None = None
        self._number = -1
        self._newest_us = 0
        self._rouse: Callable[[], None] = _nobody
        self.lost = self.refused = 0
        """messages that never came or found no room, and messages that were none"""
        hears: dict[str, Handler] = {place.topic: self._hear}
        if place.robot:
            hears[protocol.topic(place.robot, protocol.BODY)] = self._clock.hear
        self._connection = Connection(place.broker, site.folder, f'sensor "{site.name}"', hears)

    def __enter__(self) -> Self:
        """Connect, and find out whether the robot knows our clock already."""
        self._connection.__enter__()
        end = time.monotonic() + _BODY_S
        while self._robot and not self._clock.heard and time.monotonic() < end:
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        """Leave."""
        self._connection.__exit__(None, None, None)

    @property
    def spec(self) -> SourceSpec:
        """What it yields.

        It is stamped by arrival until the robot has compared its clock with ours; it does so
        within a second of the first message of an actuator.
        """
        return replace(self._spec, stamped_by="device" if self._clock.known else "arrival")

    @property
    def counts(self) -> Mapping[str, int]:
        """What went wrong with messages so far."""
        return {"lost messages": self.lost, "unreadable messages": self.refused}

    def rouse_by(self, rouse: Callable[[], None]) -> None:
        """Call ``rouse`` from another thread when there is something to read."""
        self._rouse = rouse

    def read(self, until_us: int) -> list[R]:
        """Return what was stamped before ``until_us``, which is now."""
        zero_us = self._time.read(until_us, now_us())
        found: list[R] = []
        while zero_us is not None:
            with self._taking:
                if not self._waiting or self._waiting[0][0] - zero_us >= until_us:
                    break
                stamp_us, values = self._waiting.popleft()
            t_us = stamp_us - zero_us
            if t_us >= 0:  # what is from before the run is of no use
                self._newest_us = max(self._newest_us, t_us)
                found.append(self._reading(self._newest_us, values))
        return found

    def _hear(self, message: Message) -> None:
        """Take a message in, on the connection's thread."""
        sample = None if message.retained else self._parse(message.payload)
        if sample is None:
            self.refused += 1
            self._say(self.refused, "%d messages on %s were none that it could read")
            return
        if sample.number is not None and not self._next(sample.number, sample.boot):
            return
        stamp_us = message.arrived_us
        if sample.t_us is not None:
            stamp_us = self._clock.stamp(sample.t_us, sample.boot, stamp_us)
        with self._taking:
            full = len(self._waiting) == MOST_WAITING
            if full:
                self._waiting.popleft()
            self._waiting.append((stamp_us, sample.values))
        if full:
            self._miss(1)
        self._rouse()

    def _next(self, number: int, boot: int | None) -> bool:
        """Count those before it that never came; whether it is a new one."""
        if boot != self._boot:
            if self._boot is not None:
                _log.warning('sensor "%s": the robot was switched on anew', self._spec.name)
            self._boot, self._number = boot, number - 1
        if number <= self._number:
            return False
        if number > self._number + 1:
            self._miss(number - self._number - 1)
        self._number = number
        return True

    def _miss(self, n: int) -> None:
        before, self.lost = self.lost, self.lost + n
        if self.lost.bit_length() > before.bit_length():
            self._say(1 << self.lost.bit_length() - 1, "%d messages or more on %s were lost")

    def _say(self, n: int, text: str) -> None:
        """Log a count at 1, 2, 4, 8 ..., so that nobody can fill the log."""
        if n.bit_count() == 1:
            _log.warning('sensor "%s": ' + text, self._spec.name, n, self._topic)


def _nobody() -> None:
    """Rouse nobody: whoever reads looks by himself."""
