"""A simulated body that lives in real time behind the messages of a real one."""

import math
from collections.abc import Callable, Sequence

from neuroloop.core import robot_protocol as protocol
from neuroloop.core.black_box import AWAKE, POWER, BlackBox
from neuroloop.core.command import Verdict
from neuroloop.core.pace import drive, pace_of, whole
from neuroloop.core.ports import Plant
from neuroloop.core.wishes import Wishes
from sims.twin.course import Course
from sims.twin.log import Log
from sims.twin.robot import Robot
from sims.twin.telling import Telling, Wheels

Publish = Callable[[str, bytes], bool]
"""takes the name of a topic and a message; returns whether it went"""
_BODY_EVERY_US = 100_000


class Twin:
    """A plant with a gate; `hear` takes what comes in, `round` does everything else there is to do.

    Parameters
    ----------
    step_us
        Of the plant.
    box
        Where every round is written down.
    log
        Where stamps are noted.
    """

    def __init__(
        self,
        plant: Plant,
        step_us: int,
        robot: Robot,
        wheels: Wheels,
        sensors: Sequence[Telling],
        *,
        box: BlackBox | None = None,
        log: Log | None = None,
    ) -> None:
        self.plant, self.robot, self.course = plant, robot, Course(plant)
        self.pace_us = pace_of(step_us)
        self._step_us, self._wheels, self._sensors = step_us, wheels, sensors
        self._box, self._log = box, log
        self._publish: Publish = _nobody
        gate = robot.gate
        self._wishes = Wishes(gate.channels, gate.watchdog_ns // 1000)
        self.behind_us = 0
        """by how much its world ever was behind real time"""
        self._start_ns = self._last_ns = 0
        self._told_us = self._asked_us = -math.inf
        self._told: tuple[int, int] = (0, 0)

    def begin(self, start_ns: int, publish: Publish) -> None:
        """Be switched on: its clock and the world's are 0 at ``start_ns`` of the machine's.

        ``publish`` sends a message at once or not at all.
        """
        self._start_ns = self._last_ns = start_ns
        self._publish = publish

    def clock_us(self, now_ns: int) -> int:
        """Return the robot's clock."""
        return (now_ns - self._start_ns) // 1000

    def next_ns(self, now_ns: int) -> int:
        """Return when the next round is due."""
        pace_ns = self.pace_us * 1000
        return self._start_ns + ((now_ns - self._start_ns) // pace_ns + 1) * pace_ns

    def greeted(self) -> None:
        """Take in that there is a broker: ask for the time and tell of itself at once."""
        self._told_us = self._asked_us = -math.inf

    def hear(self, name: str, message: bytes, now_ns: int, *, retained: bool) -> None:
        """Take a message in; ``retained`` says that the broker kept it from before."""
        now_us, robot = self.clock_us(now_ns), self.robot
        match name:
            case protocol.DRIVE | protocol.DRIVE_JSON:
                in_json = name == protocol.DRIVE_JSON
                verdict = robot.drive(message, now_us, retained=retained, in_json=in_json)
                if verdict is Verdict.TAKEN:
                    self._obey(now_us)
                    self._note(now_us)
            case protocol.STOP:  # whatever it says, and whoever kept it
                robot.stop()
                self._obey(now_us)
            case protocol.RESET:
                if robot.reset(message, retained=retained):
                    self._obey(now_us)
            case protocol.CLOCK_ANSWER if not retained:
                robot.clock.hear(message, now_us)

    def round(self, now_ns: int) -> None:
        """Let the world come up to the present, measure, and tell of it."""
        gap_ns, self._last_ns = now_ns - self._last_ns, now_ns
        now_us, before_us = self.clock_us(now_ns), self.plant.t_us
        touched_us = drive(self.plant, self._wishes, now_us, self._step_us)
        self.behind_us = max(self.behind_us, now_us - self.plant.t_us)
        passed_us = self.plant.t_us - before_us
        if passed_us:
            self._wheels.roll(passed_us)
            self.course.look(touched_us is not None)
        self._measure(now_us)
        self._tell(now_us)
        self._write(now_ns, now_us, gap_ns)

    def _obey(self, now_us: int) -> None:
        """Let what is wanted now act from the step on in which it was heard."""
        self._wishes.hear(whole(now_us, self._step_us), self.robot.wanted(now_us))

    def _note(self, now_us: int) -> None:
        known = self.robot.clock.known(now_us)
        if self._log is not None and known is not None:
            sent_us = self.robot.sent_us - known.offset_us
            sequence = self.robot.gate.sequence
            self._log.command(sequence, sent_us, known.uncertainty_us, now_us)

    def _measure(self, now_us: int) -> None:
        t_us = self.plant.t_us
        for sensor in self._sensors:
            for message in sensor.due(t_us):
                went = self._publish(sensor.topic, message)
                if went and self._log is not None and sensor.topic == protocol.RANGE:
                    self._log.scan(t_us, now_us)

    def _tell(self, now_us: int) -> None:
        """Tell of itself ten times a second and after each change, and ask what time it is."""
        robot = self.robot
        if now_us - self._asked_us >= 1000 * protocol.CLOCK_EVERY_MS:
            self._asked_us = now_us
            self._publish(protocol.CLOCK_ASK, robot.clock.ask(now_us))
        now = (robot.flags(now_us), robot.gate.owner)
        if now != self._told or now_us - self._told_us >= _BODY_EVERY_US:
            self._told, self._told_us = now, now_us
            self._publish(protocol.BODY, robot.body(now_us))
        for notice in (robot.notice(now_us), robot.no_reset(now_us)):
            if notice is not None:
                self._publish(protocol.NOTICE, notice)

    def _write(self, now_ns: int, now_us: int, gap_ns: int) -> None:
        if self._box is None:
            return
        gate, wanted = self.robot.gate, self.robot.wanted(now_us)
        awake = gate.awake(now_us * 1000)
        heard_ns = now_us * 1000 - gate.heard_ns if gate.sequence >= 0 else -1
        heard = (gate.owner, gate.sequence, heard_ns)
        power = gate.power and not self.robot.emergency
        moves = (*wanted, *self.plant.twist())
        flags = AWAKE * awake | POWER * power
        self._box.write((now_ns, now_us, *heard, gap_ns, *moves, tuple(gate.counts), flags))


def _nobody(name: str, message: bytes) -> bool:
    del name, message
    return False
