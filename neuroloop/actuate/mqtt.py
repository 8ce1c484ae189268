"""Motion to a real robot, by way of an MQTT broker."""

import logging
import math
import secrets
import time
from typing import Annotated, Self

import msgspec
from msgspec import Meta, Struct

from neuroloop.config import body
from neuroloop.core import robot_protocol as protocol
from neuroloop.core.body import Body
from neuroloop.core.ports import GuardAccess, Site
from neuroloop.core.safety import Order, State
from neuroloop.core.values import Motion
from neuroloop.mqtt import messages
from neuroloop.mqtt.connection import Connection
from neuroloop.mqtt.desk import Desk
from neuroloop.mqtt.heard import Message, now_us
from neuroloop.mqtt.robot import RobotView
from neuroloop.mqtt.settings import Broker, RobotName

REAL_TIME = True
"""a real robot waits for no simulated clock"""
_STOPS, _STOP_PAUSE_S = 3, 0.01
_EXPIRES_S = 1
_STATUS_US = 100_000
_AGAIN_US = 50_000
_PATIENCE_US = 2_000_000
"""a robot may take so long to begin before a line says why it does not"""
_MOST_SEQUENCE = 2**32 - 1

_log = logging.getLogger("neuroloop.mqtt")


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[actuator.NAME]`` with ``kind = "mqtt"``."""

    robot: RobotName
    """its name in topics"""
    body: str = "rover"
    """its body file: channels and limits"""
    broker: Broker = Broker()
    valid_ms: Annotated[int, Meta(ge=20, le=protocol.MOST_VALID_MS)] = 200
    """a command that is older when it reaches the robot is refused there"""
    rate_hz: Annotated[float, Meta(ge=5, le=1000)] = 100.0
    """most commands a second; between them the newest motion wins"""


class _Status(Struct):
    """What others see of the brain."""

    here: bool
    state: str
    text: str = ""


class MqttActuator:
    """Sends motion as commands, and tells the guard how the robot is; a context manager."""

    def __init__(self, config: Config, site: Site, of: Body) -> None:
        self._config, self._body = config, of
        self._who = f'robot "{config.robot}"'
        self._owner = secrets.randbits(31) | 1
        self._period_us = round(1e6 / config.rate_hz)
        self._sequence = -1
        self._due_us = 0
        self._zero_us = 1 << 62
        """when run time began by the monotonic clock, as far as motions tell"""
        self._guard: GuardAccess | None = None
        self._stop_us = 0
        self._faulty, self._logged, self._patient_us = False, "", 0
        self._said, self._status_us = b"", 0
        self.robot = RobotView(self._owner)
        desk = Desk(lambda: self._guard)
        hears = {
            protocol.BODY: self._hear_body,
            protocol.BIRTH: self.robot.hear_birth,
            protocol.NOTICE: self.robot.hear_notice,
            protocol.CLOCK_ASK: self._hear_ask,
            protocol.ORDER: desk.hear_order,
            protocol.STEER: desk.hear_steer,
        }
        gone = msgspec.json.encode(_Status(here=False, state="lost"))
        self._connection = Connection(
            config.broker,
            site.folder,
            f'actuator "{site.name}"',
            {self._topic(name): handler for name, handler in hears.items()},
            last_will=(self._topic(protocol.BRAIN), gone),
            connected=self._connected,
        )

    def __enter__(self) -> Self:
        """Connect; nothing is sent before the first motion."""
        self._connection.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        """Say that the brain has ended, and leave."""
        ended = msgspec.json.encode(_Status(here=False, state="ended"))
        self._connection.send(self._topic(protocol.BRAIN), ended, retain=True)
        self._connection.__exit__(None, None, None)

    @property
    def body(self) -> Body:
        """The robot's body, as its file says."""
        return self._body

    @property
    def sent(self) -> int:
        """Commands that were sent."""
        return self._sequence + 1

    def use_guard(self, guard: GuardAccess) -> None:
        """Tell ``guard`` from now on how the robot is; until it obeys, nothing can be armed."""
        self._guard, self._patient_us = guard, now_us() + _PATIENCE_US
        self._look(now_us())

    def write(self, motion: Motion) -> None:
        """Send a motion, where the last command was long enough ago; never waits.

        What cannot be sent at once is not sent at all: the next motion is a newer one.
        """
        now = now_us()
        self._look(now)
        # a motion from before a time in which this process stood still is as old as it is
        self._zero_us = min(self._zero_us, now - motion.t_us)
        # ticks as long as a period may come a little early
        if now >= self._due_us - self._period_us // 4 and not self._connection.waiting:
            self._due_us = max(self._due_us, now) + self._period_us
            self._drive(motion.values.tolist(), self._zero_us + motion.t_us)

    def stop(self) -> None:
        """Command zero, more than once, because a network may lose a command."""
        for _ in range(_STOPS):
            self._drive([0.0] * len(self._body.channels), now_us())
            time.sleep(_STOP_PAUSE_S)

    def _drive(self, values: list[float], sent_us: int) -> None:
        if not self._connection.open or not all(map(math.isfinite, values)):
            return
        self._sequence = min(self._sequence + 1, _MOST_SEQUENCE)
        state = self._guard.state() if self._guard is not None else None
        command = messages.drive(
            self._owner,
            self._sequence,
            sent_us,
            values,
            valid_ms=self._config.valid_ms,
            power=state is not State.OFF,
        )
        self._connection.send(self._topic(protocol.DRIVE), command, expires_s=_EXPIRES_S)

    def _look(self, now: int) -> None:
        """Tell the guard where the robot begins or ceases to do what it is told."""
        if self._guard is None:
            return
        if self.robot.taken_anew():
            # its world may be another one: only a person lets it move again
            self._guard.give(Order.DISARM, f"{self._who}, switched on anew,")
        trouble = self.robot.trouble(now)
        if not self._connection.open:
            trouble = "cannot be reached: no connection to the broker"
        if self._faulty != bool(trouble):
            self._faulty = bool(trouble)
            self._guard.give(Order.FAULT if trouble else Order.CLEAR, self._who)
        if trouble != self._logged and now >= self._patient_us:
            self._logged = trouble
            _log.log(
                logging.WARNING if trouble else logging.INFO,
                "%s %s",
                self._who,
                trouble or "does what it is told",
            )
        if now - self._status_us >= _STATUS_US:
            self._status_us = now
            self._tell()

    def _tell(self) -> None:
        """Publish the state of the guard where it changed."""
        state = self._guard.state() if self._guard is not None else None
        if self._guard is None or state is None:
            return
        status = _Status(here=True, state=state.name.lower(), text=self._guard.text())
        said = msgspec.json.encode(status)
        if said != self._said and self._connection.send(
            self._topic(protocol.BRAIN), said, retain=True
        ):
            self._said = said

    def _connected(self) -> None:
        self.robot.forget()
        self._said = b""  # a last will may stand there by now

    def _hear_body(self, message: Message) -> None:
        state = self.robot.hear_body(message)
        stopped = state is not None and bool(state.flags & protocol.EMERGENCY)
        if not stopped:
            self._stop_us = 0
        # again and again, so that nobody can end it here while it lasts in the robot
        elif self._guard is not None and message.arrived_us >= self._stop_us:
            self._stop_us = message.arrived_us + _AGAIN_US
            self._guard.give(Order.STOP, self._who)

    def _hear_ask(self, message: Message) -> None:
        ask = messages.ask_of(message.payload)
        # a robot that obeys another brain has to know that one's clock
        if ask is None or message.retained or self.robot.held_by_another:
            return
        told = messages.answer(ask, message.arrived_us, now_us())
        self._connection.send(self._topic(protocol.CLOCK_ANSWER), told, expires_s=_EXPIRES_S)

    def _topic(self, name: str) -> str:
        return protocol.topic(self._config.robot, name)


def build(config: Config, site: Site) -> MqttActuator:
    """Read the body's file; the connection is made when it is entered."""
    return MqttActuator(config, site, body.load(config.body, site.folder, f'"{site.name}"'))
