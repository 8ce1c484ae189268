"""One leg of a calibration, driven through a running loop: its orders, its guard, its motors.

What was commanded is the integral of the motion after the guard, from standing to standing.  It is
what the wheels did, too: the speed is commanded to rise and to fall so gently that they can follow,
and what they lag behind while it rises they make up for while it falls.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from neuroloop.calibrate.formula import Way
from neuroloop.core.body import Body
from neuroloop.core.message import R_T_US, RECORD_BYTES
from neuroloop.core.safety import Order, State
from neuroloop.core.values import UInt8s
from neuroloop.runtime.loop import Loop
from neuroloop.runtime.said import said, state_of

WHO = "calibrate"
_SEND_US = 10_000
"""a command is sent this often; guards let one expire after 200 ms"""
_ORDER_US, _ARM_US = 100_000, 5_000_000
_STAND_US = 1_000_000
_STRAIGHT_PART, _TURN_PART = 0.5, 0.25
"""of the fastest wheel speed"""
_GENTLE = 0.5
"""part of what the wheels can do to get faster or slower"""
_STILL_MPS, _STILL_RADPS = 1e-3, 1e-2


@dataclass(frozen=True)
class Goal:
    """How one leg shall go: way of each wheel in metres, speed and acceleration of a wheel."""

    way: Way
    wheel_m: float
    speed_mps: float
    accel_mps2: float

    def speed(self, gone_m: float, now_mps: float, dt_s: float) -> float:
        """Return the speed to command next, where the wheels have gone so far at such a speed."""
        rest_m = max(self.wheel_m - gone_m, 0.0)
        to_stop = math.sqrt(2 * self.accel_mps2 * rest_m)
        return min(self.speed_mps, now_mps + self.accel_mps2 * dt_s, to_stop)


def goal(way: Way, amount: float, body: Body) -> Goal:
    """Return the goal for ``amount`` metres, or radians of a turn.

    At least half of the way is driven at full speed.
    """
    drive = body.drive
    wheel_m = amount if way.straight else amount * drive.wheel_separation_m / 2
    part = _STRAIGHT_PART if way.straight else _TURN_PART
    accel = _GENTLE * drive.max_wheel_mps2
    most = math.sqrt(wheel_m * accel / 2)
    return Goal(way, wheel_m, min(part * drive.max_wheel_mps, most), accel)


class Course:
    """An onlooker that drives one leg and then ends the run.

    Parameters
    ----------
    limb
        Name of the actuator.
    number
        Its place among the actuators.
    """

    def __init__(self, loop: Loop, limb: str, number: int, leg: Goal) -> None:
        self._loop, self._limb, self._leg = loop, limb, leg
        self._drive = loop.actuators[number].body.drive
        self._values = loop.program.motions()[0][number][1]
        self._t_us, self._sent_us = -1, -_SEND_US
        self._motion = np.zeros(2)
        self._gone_m = np.zeros(2)
        self._yaw: float | None = None
        self._turned = 0.0
        self._from = (0.0, 0.0)
        self._wish = (0.0, 0.0)
        self._step = self._drive_leg()
        self.done = False
        """whether the whole leg was driven"""
        self.failure = ""
        """else why not"""
        self.measured: float | None = None
        """metres or radians that the plant's robot went, where there is a plant"""
        self.veered = 0.0
        """radians that it turned on a straight way, where there is a plant"""
        self._send(0)  # before the first tick, so that the network never drives

    @property
    def commanded(self) -> float:
        """Metres, or radians of a turn, that were commanded after the guard."""
        signs = np.array(self._leg.way.value)
        wheel_m = float((signs * self._gone_m).sum()) / 2
        return wheel_m if self._leg.way.straight else 2 * wheel_m / self._drive.wheel_separation_m

    def take(self, record: UInt8s, outcome: UInt8s) -> None:
        """Look at a tick, and say what the next ones shall do."""
        del record
        t_us = int(outcome[:RECORD_BYTES].view(np.int64)[R_T_US])
        if self._t_us >= 0:
            self._gone_m += self._motion * ((t_us - self._t_us) / 1e6)
        self._motion = outcome[self._values].view(np.float32).astype(float)
        self._t_us = t_us
        self._look()
        if t_us - self._sent_us < _SEND_US:
            return
        if next(self._step, None) is None:
            self._loop.episode.most_us = t_us
        self._send(t_us)

    def _drive_leg(self) -> Iterator[bool]:
        """Drive the leg, a command at a time."""
        yield from self._armed()
        if self.failure:
            return
        yield from self._stand()
        self._begin()
        leg, speed, before_us = self._leg, 0.0, self._t_us
        latest_us = self._t_us + round(3e6 * leg.wheel_m / leg.speed_mps) + 10 * _STAND_US
        while self._wheel_m() < leg.wheel_m and not self._failed(latest_us):
            speed = leg.speed(self._wheel_m(), speed, (self._t_us - before_us) / 1e6)
            before_us = self._t_us
            self._wish = (leg.way.value[0] * speed, leg.way.value[1] * speed)
            yield True
        self._wish = (0.0, 0.0)
        yield from self._stand()
        if not self._failed(self._t_us):
            self._end()

    def _armed(self) -> Iterator[bool]:
        """Arm; again and again, because a sensor may not have spoken yet."""
        first_us = ordered_us = self._t_us
        while state_of(self._loop) is not State.ARMED:
            if self._t_us - first_us > _ARM_US:
                self.failure = f"nothing may move: {said(self._loop).get('short', 'no guard')}"
                return
            if self._t_us - ordered_us >= _ORDER_US:
                ordered_us = self._t_us
                self._loop.orders.give(Order.ARM, WHO, self._t_us)
            yield True

    def _stand(self) -> Iterator[bool]:
        """Let what moves come to rest."""
        slow_us = round(2e6 * self._leg.speed_mps / self._drive.max_wheel_mps2)
        until_us = self._t_us + _STAND_US + slow_us
        while self._t_us < until_us:
            yield True

    def _wheel_m(self) -> float:
        return float(np.abs(self._gone_m).min())

    def _failed(self, latest_us: int) -> bool:
        """Whether the leg cannot be driven to its end; ``failure`` then says why."""
        if self.failure:
            return True
        if self._loop.episode.contacts:
            self.failure = f"the robot touched an obstacle {self._so_far()}: more room is wanted"
        elif state_of(self._loop) not in (State.ARMED, State.HOLD):
            self.failure = f"{said(self._loop).get('short', 'no guard')}, {self._so_far()}"
        elif self._t_us > latest_us:
            held = f"the guard held the robot back {self._so_far()}"
            self.failure = f"{held}: {said(self._loop).get('short', '')}"
        return bool(self.failure)

    def _so_far(self) -> str:
        unit = "m" if self._leg.way.straight else "rad"
        return f"after {self.commanded:.2f} {unit} {self._leg.way.name.lower()}"

    def _begin(self) -> None:
        self._gone_m[:] = 0.0
        self._turned = 0.0
        if self._loop.plant is not None:
            self._from = self._loop.plant.pose()[:2]

    def _end(self) -> None:
        self.done = True
        plant = self._loop.plant
        if plant is None:
            return
        forward, turn = plant.twist()
        if abs(forward) > _STILL_MPS or abs(turn) > _STILL_RADPS:
            self.done = False
            self.failure = f"the robot does not come to rest {self._so_far()}"
        self.veered = self._turned
        self.measured = abs(self._turned)
        if self._leg.way.straight:
            self.measured = math.dist(self._from, plant.pose()[:2])

    def _look(self) -> None:
        """Follow the plant's yaw over full turns."""
        if self._loop.plant is None:
            return
        yaw = self._loop.plant.pose()[2]
        if self._yaw is not None:
            self._turned += math.remainder(yaw - self._yaw, math.tau)
        self._yaw = yaw

    def _send(self, t_us: int) -> None:
        self._sent_us = t_us
        self._loop.orders.steer(self._limb, self._wish, t_us)
