"""How drills go: the harm is done, the robot is watched, and its body's black box is judged."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

from neuroloop.core.black_box import AWAKE, Records
from neuroloop.core.command import Verdict
from neuroloop.core.errors import Exit
from neuroloop.drill import judge
from neuroloop.drill.drill import Finding, Happened
from neuroloop.drill.robot import Outcome, Robot

Inject = Callable[[Robot], AbstractContextManager[None]]
"""the fault lasts as long as this context is entered"""
Check = Callable[[Records], list[str]]
"""looks for more that may be wrong in a black box"""

_NO_MOTION_S, _AFTER_S = 1.3, 0.5
"""how long it is watched for motion that nobody armed: since the fault began, and was over"""
_LASTS_S = 0.6
_ARMS_S = 5.0
_LOOK_S = 0.05
_REFUSED_S = 0.3


def pulled(word: str) -> Inject:
    """Return what lets the parts of the drill fail in a way, until the fault is over."""

    @contextmanager
    def inject(robot: Robot) -> Iterator[None]:
        robot.pull(word)
        try:
            yield
        finally:
            robot.pull("")

    return inject


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
    """

    inject: Inject
    lasts_s: float = _LASTS_S
    exit_code: int | None = None
    emergency: bool = False
    sleeps: bool = False
    check: Check = field(default=lambda _: [])

    def __call__(self, robot: Robot) -> Finding:
        """Play it."""
        found = Finding()
        robot.wait_moving()
        robot.mark()
        with self.inject(robot):
            time.sleep(self.lasts_s)
            found.lines += status(robot)
        over_ns = time.monotonic_ns()
        armed_ns = None
        if self.exit_code is None:
            time.sleep(max(_NO_MOTION_S - (over_ns - robot.fault_ns) / 1e9, _AFTER_S))
            armed_ns = self._again(robot, found)
            outcome = robot.end()
        else:
            outcome = robot.ended()
        found.wrong += ended_with(outcome, Exit.INTERRUPTED if armed_ns else self.exit_code)
        box = robot.box()
        found.lines += told(outcome) + written(box)
        self._judge(robot, box, found, over_ns, armed_ns)
        found.wrong += self.check(box)
        return found

    def _again(self, robot: Robot, found: Finding) -> int:
        """Arm, and see that it was no dead robot that stood still; returns when it was armed."""
        found.lines += status(robot)
        if self.emergency:
            refused_to_arm(robot, found)
            robot.ask("reset")
        armed_ns = time.monotonic_ns()
        arm(robot)
        robot.wait_moving(armed_ns, _ARMS_S)
        return armed_ns

    def _judge(
        self, robot: Robot, box: Records, found: Finding, over_ns: int, armed_ns: int | None
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
        found.ms, found.still_ms = stop.ms, stop.still_ms
        found.gap_ms = judge.worst_gap_ms(box, robot.fault_ns, stop.t_ns)
        if stop.ms > judge.STOPS_WITHIN_MS:
            found.wrong.append(f"the wheels stopped after {stop.ms:.0f} ms")


@dataclass(frozen=True)
class GoesOn:
    """Nothing happens to the robot.

    Parameters
    ----------
    may_stop
        Whether it may stop as well, safely.
    answers
        Whether a part says that the harm was done.
    """

    inject: Inject
    lasts_s: float = _LASTS_S
    may_stop: bool = False
    answers: bool = False
    check: Check = field(default=lambda _: [])

    def __call__(self, robot: Robot) -> Finding:
        """Play it."""
        found = Finding()
        robot.wait_moving()
        robot.mark()
        with self.inject(robot):
            time.sleep(self.lasts_s)
            found.lines += status(robot)
            if self.answers and not robot.obeyed:
                found.wrong.append("the harm was not done")
        time.sleep(_REFUSED_S)
        over_ns = time.monotonic_ns()
        found.lines += status(robot)
        outcome = robot.end()
        box = robot.box()
        found.lines += told(outcome) + written(box)
        found.wrong += ended_with(outcome, Exit.INTERRUPTED)
        found.wrong += [*blind(box), *self.check(box)]
        self._judge(robot, box, found, over_ns)
        return found

    def _judge(self, robot: Robot, box: Records, found: Finding, over_ns: int) -> None:
        gap_ms = judge.worst_gap_ms(box, robot.fault_ns, over_ns)
        paused_ms = judge.longest_pause_ms(box, robot.fault_ns, over_ns)
        stop = judge.stop_of(box, robot.fault_ns, over_ns)
        if paused_ms and not self.may_stop:
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
            found.ms, found.still_ms = stop.ms, stop.still_ms
            if stop.ms > judge.STOPS_WITHIN_MS:
                found.wrong.append(f"the wheels stopped after {stop.ms:.0f} ms")


@dataclass(frozen=True)
class Refused:
    """The run does not begin, and nothing moves."""

    exit_code: int = Exit.USAGE

    def __call__(self, robot: Robot) -> Finding:
        """Play it."""
        outcome = robot.ended(30.0)
        found = Finding(Happened.REFUSED, lines=told(outcome))
        found.wrong += ended_with(outcome, self.exit_code)
        if judge.moved(robot.box(), 0):
            found.wrong.append("it moved")
        return found


def status(robot: Robot) -> list[str]:
    """Return what the loop says of itself through its control socket."""
    answer = robot.ask("status").get("answer")
    return [str(answer)] if answer else []


def ended_with(outcome: Outcome, exit_code: int | None) -> list[str]:
    """Return what is wrong with a run's exit code, or with its report where it owes one."""
    if outcome.exit_code != exit_code:
        return [f"exit code {outcome.exit_code}, not {exit_code}: {outcome.errors.strip()[-300:]}"]
    if exit_code == Exit.INTERRUPTED and not outcome.report:
        return ["it left no report"]
    return []


def told(outcome: Outcome) -> list[str]:
    """Return what a run said at its end: in its report, and where it failed."""
    report = outcome.report
    lines = [str(line) for line in (report.get("live") or {}).get("said", ())]
    safety = report.get("safety") or {}
    lines += [str(safety["text"])] if "text" in safety else []
    lines += [f"ended: {report['ended']}"] if "ended" in report else []
    return lines + outcome.errors.strip().splitlines()


def written(box: Records) -> list[str]:
    """Return what the body's black box says of commands and of its end, in words."""
    if not len(box):
        return []
    counts = [(v, judge.refused(box, v)) for v in Verdict if v is not Verdict.TAKEN]
    lines = [f"black box: {n} commands {v.name.lower().replace('_', ' ')}" for v, n in counts if n]
    if not box["flags"][-1] & AWAKE:
        silent_ms = box["heard_ns"][-1] / 1e6
        watchdog = "the body's watchdog stopped the wheels"
        lines.append(f"black box: no command for {silent_ms:.0f} ms: {watchdog}")
    return lines


def blind(box: Records) -> list[str]:
    """Return what is wrong where the wheels ever turned on a command that was too old."""
    age_ms = judge.blind_ms(box)
    if age_ms <= judge.BLIND_MS:
        return []
    return [f"its wheels turned while the newest valid command was {age_ms:.0f} ms old"]


def arm(robot: Robot) -> None:
    """Arm as soon as nothing stands against it: a sensor that was restarted takes its time."""

    def armed() -> bool:
        return bool(robot.ask("arm").get("ok"))

    robot.wait_until(armed, _ARMS_S, "it could not be armed when the fault was over")


def refused_to_arm(robot: Robot, found: Finding) -> None:
    """Order to arm, which must be refused, and see that nothing moves."""
    asked_ns = time.monotonic_ns()
    answer = robot.ask("arm")
    if answer.get("ok", True):
        found.wrong.append(f"an order to arm was not refused: {answer}")
    time.sleep(_REFUSED_S)
    if judge.moved(robot.box(), asked_ns):
        found.wrong.append("it moved after an order to arm, though nobody had reset")
