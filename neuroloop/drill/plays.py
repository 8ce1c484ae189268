"""How drills go: the harm is done, the robot is watched, and its body's black box is judged."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from neuroloop.core.black_box import Records
from neuroloop.core.errors import Exit
from neuroloop.drill import judge
from neuroloop.drill.drill import Finding, Happened
from neuroloop.drill.robot import AnyRobot
from neuroloop.drill.said import ended_with, status, told

Inject = Callable[[Any], AbstractContextManager[None]]
"""what is done to the `Robot` that the drill wants, for as long as the context is entered"""
Check = Callable[[Records], list[str]]
"""looks for more that may be wrong in a black box"""

_NO_MOTION_S, _AFTER_S = 1.3, 0.5
"""how long it is watched for motion that nobody armed: since the fault began, and was over"""
_LASTS_S = 0.6
_START_S, _ARMS_S = 30.0, 20.0
_REFUSED_S = 0.3
_AGAIN_NS = 100_000_000
"""it has to move for so long when somebody armed"""


def pulled(word: str) -> Inject:
    """Return what lets the parts of the drill fail in a way, until the fault is over."""

    @contextmanager
    def inject(robot: AnyRobot) -> Iterator[None]:
        robot.pull(word)
        try:
            yield
        finally:
            robot.pull("")

    return inject


def reset_brain(robot: AnyRobot) -> None:
    """End an emergency that is the guard's alone."""
    robot.ask("reset")


@dataclass(frozen=True)
class Stops:
    """The wheels stop in time and nothing moves until somebody arms.

    Parameters
    ----------
    inject
        Does the harm.
    lasts_s
        How long.
    exit_code
        Of a run that the fault ends; None where it lives on: then it must move again when the
        fault is over and somebody armed.
    emergency
        Whether it has to be reset before.
    sleeps
        Whether the fault is that the body itself does not run: it has to stand still when it goes
        on, and what is measured is when the guard stopped it.
    check
        Looks for more.
    prepare
        What is different from before the fault until the robot moves again.
    reset
        Ends an emergency.
    """

    inject: Inject
    lasts_s: float = _LASTS_S
    exit_code: int | None = None
    emergency: bool = False
    sleeps: bool = False
    check: Check = field(default=lambda _: [])
    prepare: Inject = nullcontext
    reset: Callable[[Any], None] = reset_brain

    @property
    def lives_on(self) -> bool:
        """Whether the robot goes on afterwards, as if nothing had been."""
        return self.exit_code is None

    def __call__(self, robot: AnyRobot) -> Finding:
        """Play it."""
        with self.prepare(robot):
            return self._play(robot)

    def _play(self, robot: AnyRobot) -> Finding:
        found = Finding()
        driving(robot)
        robot.mark()
        with self.inject(robot):
            time.sleep(self.lasts_s)
            found.lines += status(robot)
        over_ns = time.monotonic_ns()
        armed_ns = None
        if self.exit_code is None or robot.body.remote:
            time.sleep(max(_NO_MOTION_S - (over_ns - robot.fault_ns) / 1e9, _AFTER_S))
        if self.exit_code is None:
            armed_ns = self._again(robot, found)
            found.lines += [*robot.errors.strip().splitlines(), *robot.notes]
        else:
            outcome = robot.ended()
            found.wrong += ended_with(outcome, self.exit_code)
            found.lines += told(outcome, robot.began_s)
        box = robot.box()
        found.lines += robot.body.words(box)
        self._judge(robot, box, found, over_ns, armed_ns)
        found.wrong += self.check(box)
        return found

    def _again(self, robot: AnyRobot, found: Finding) -> int:
        """Arm, and see that it was no dead robot that stood still; returns when it was armed."""
        found.lines += status(robot)
        if self.emergency:
            refused_to_arm(robot, found)
            self.reset(robot)
        armed_ns = time.monotonic_ns()
        arm(robot)
        moves(robot, armed_ns)
        return armed_ns

    def _judge(
        self, robot: AnyRobot, box: Records, found: Finding, over_ns: int, armed_ns: int | None
    ) -> None:
        found.wrong += blind(box)
        stop = judge.stop_of(box, robot.fault_ns, armed_ns)
        if stop is None:
            found.wrong.append("the wheels did not stop, or moved again though nobody armed")
            return
        found.happened = Happened.STOPPED
        if self.sleeps:
            found.happened = Happened.STOOD
            if judge.moved(box, over_ns, armed_ns):
                found.wrong.append("it moved when its body went on, though nobody armed")
            return
        found.ms = stop.silent_ms if robot.body.remote else stop.ms
        found.still_ms = stop.still_ms
        found.gap_ms = robot.body.gap_ms(robot.fault_ns, stop.t_ns)
        if found.ms > judge.STOPS_WITHIN_MS:
            found.wrong.append(f"the wheels stopped after {found.ms:.0f} ms")
        if robot.body.remote and judge.resumed(box, robot.fault_ns, armed_ns):
            found.wrong.append("it stopped and moved again, though nobody armed")


@dataclass(frozen=True)
class GoesOn:
    """Nothing happens to the robot; one that may stop, and did, has to move again when armed.

    Parameters
    ----------
    may_stop
        Whether it may stop as well, safely.
    may_hold
        Whether it may stand still for as long as a hold lasts, because the harm takes cores.
    answers
        Whether a part says that the harm was done.
    """

    inject: Inject
    lasts_s: float = _LASTS_S
    may_stop: bool = False
    may_hold: bool = False
    answers: bool = False
    check: Check = field(default=lambda _: [])
    lives_on = True

    def __call__(self, robot: AnyRobot) -> Finding:
        """Play it."""
        found = Finding()
        driving(robot)
        robot.mark()
        with self.inject(robot):
            time.sleep(self.lasts_s)
            found.lines += status(robot)
            if self.answers and not robot.obeyed:
                found.wrong.append("the harm was not done")
        time.sleep(_REFUSED_S)
        over_ns = time.monotonic_ns()
        found.lines += status(robot) + robot.errors.strip().splitlines() + robot.notes
        box = robot.box()
        found.lines += robot.body.words(box)
        found.wrong += [*blind(box), *self.check(box)]
        self._judge(robot, box, found, over_ns)
        if found.happened in (Happened.STOPPED, Happened.STARVED):
            arm(robot)
            moves(robot, over_ns)
        return found

    def _judge(self, robot: AnyRobot, box: Records, found: Finding, over_ns: int) -> None:
        gap_ms = robot.body.gap_ms(robot.fault_ns, over_ns)
        paused_ms = judge.longest_pause_ms(box, robot.fault_ns, over_ns)
        stop = judge.stop_of(box, robot.fault_ns, over_ns)
        if paused_ms > (judge.HOLD_NS / 1e6 if self.may_hold else 0) and not self.may_stop:
            found.wrong.append(f"its wheels stood still for {paused_ms:.0f} ms")
        if stop is None:
            found.happened, found.gap_ms = Happened.WENT_ON, gap_ms
            found.lines += [f"held for {paused_ms:.0f} ms"] if paused_ms else []
        elif self.may_stop and gap_ms >= judge.GAP_MS:
            # the fault is what kept the body from running: to try again would not help
            found.happened = Happened.STARVED
            found.lines.insert(0, f"black box: the body had no core for {gap_ms:.0f} ms")
        else:
            found.happened, found.gap_ms = Happened.STOPPED, gap_ms
            # it may have gone on for a while: what counts is the last command of all
            found.ms = stop.silent_ms
            if stop.silent_ms > judge.STOPS_WITHIN_MS:
                found.wrong.append(f"the wheels stopped after {stop.silent_ms:.0f} ms")


@dataclass(frozen=True)
class Refused:
    """The run does not begin, and nothing moves."""

    exit_code: int = Exit.USAGE
    lives_on = False

    def __call__(self, robot: AnyRobot) -> Finding:
        """Play it."""
        outcome = robot.ended(30.0)
        found = Finding(Happened.REFUSED, lines=told(outcome))
        found.wrong += ended_with(outcome, self.exit_code)
        if judge.moved(robot.box(), 0):
            found.wrong.append("it moved")
        return found


def blind(box: Records) -> list[str]:
    """Return what is wrong where the wheels ever turned on a command that was too old."""
    age_ms = judge.blind_ms(box)
    if age_ms <= judge.BLIND_MS:
        return []
    return [f"its wheels turned while the newest valid command was {age_ms:.0f} ms old"]


def driving(robot: AnyRobot) -> None:
    """Wait until the robot drives; arm where that takes somebody, or where something stopped it."""
    waits = {"stopped", "off"} | ({"disarmed"} if robot.body.remote else set())

    def drives() -> bool:
        if robot.steady():
            return True
        if robot.ask("status").get("guard", {}).get("state") in waits:
            robot.ask("arm")
        return False

    robot.wait_until(drives, _START_S, "it did not move")
    robot.look_around()


def moves(robot: AnyRobot, since_ns: int) -> None:
    """Wait until it has moved for a while since then."""
    robot.wait_until(lambda: robot.steady(since_ns, _AGAIN_NS), _ARMS_S, "it did not move")


def arm(robot: AnyRobot) -> None:
    """Arm as soon as nothing stands against it: a sensor that was restarted takes its time."""

    def armed() -> bool:
        return bool(robot.ask("arm").get("ok"))

    robot.wait_until(armed, _ARMS_S, "it could not be armed")


def refused_to_arm(robot: AnyRobot, found: Finding) -> None:
    """Order to arm, which must be refused, and see that nothing moves."""
    asked_ns = time.monotonic_ns()
    answer = robot.ask("arm")
    if answer.get("ok", True):
        found.wrong.append(f"an order to arm was not refused: {answer}")
    time.sleep(_REFUSED_S)
    if judge.moved(robot.box(), asked_ns):
        found.wrong.append("it moved after an order to arm, though nobody had reset")
