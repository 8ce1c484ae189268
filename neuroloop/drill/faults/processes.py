"""The brain or the body dies, hangs, or is asked to end."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from neuroloop.core.errors import Exit
from neuroloop.drill import judge
from neuroloop.drill.drill import Drill, Finding, Happened
from neuroloop.drill.plays import Inject, Stops, arm, blind, driving, moves
from neuroloop.drill.processes import freeze, thaw
from neuroloop.drill.robot import AnyRobot
from neuroloop.drill.said import ended_with, status, told
from neuroloop.drill.simulated import SimulatedRobot, body_process, box_of

_RESTART_S = 20.0
_NO_MOTION_S = 1.0
Whose = Callable[[Any], int]


def signalled(number: signal.Signals) -> Inject:
    """Return what sends a signal to the brain."""

    @contextmanager
    def inject(robot: AnyRobot) -> Iterator[None]:
        os.kill(robot.brain, number)
        yield

    return inject


def frozen(whose: Whose) -> Inject:
    """Return what stops a process of the robot (SIGSTOP), and lets it go on afterwards."""

    @contextmanager
    def inject(robot: AnyRobot) -> Iterator[None]:
        pid = whose(robot)
        robot.mark()
        freeze(pid)
        try:
            yield
        finally:
            thaw(pid)

    return inject


def _body_killed(robot: SimulatedRobot) -> Finding:
    """Kill the body; the run has to end and say so."""
    found = Finding()
    driving(robot)
    body = body_process(robot)
    robot.mark()
    os.kill(body, signal.SIGKILL)
    outcome = robot.ended()
    box = robot.box()
    found.lines += told(outcome)
    found.wrong += [*blind(box), *ended_with(outcome, Exit.PART_FAILED)]
    if judge.moved(box, robot.fault_ns + 10 * 10**6):
        found.wrong.append("the body moved though it was killed")
    found.happened = Happened.DIED
    return found


def _restarted(robot: SimulatedRobot) -> Finding:
    """Kill a brain that is started again; it has to come back disarmed."""
    found = Finding()
    driving(robot)
    first = robot.folder / "black_box.first"
    os.link(robot.body.black_box, first)  # the next life has another one of the same name
    brain = robot.brain
    robot.mark()
    os.kill(brain, signal.SIGKILL)

    def back() -> bool:
        found.lines = status(robot)
        return bool(found.lines)

    robot.wait_until(back, _RESTART_S, "it was not started again")
    time.sleep(_NO_MOTION_S)
    armed_ns = time.monotonic_ns()
    arm(robot)
    moves(robot, armed_ns)
    outcome = robot.end()
    lives = [box_of(first), robot.box()]
    found.lines += told(outcome)
    found.wrong += ended_with(outcome, Exit.INTERRUPTED)
    for box in lives:
        found.wrong += blind(box)
    if judge.moved(lives[1], 0, armed_ns):
        found.wrong.append("it moved in its second life, though nobody armed")
    stop = judge.stop_of(lives[0], robot.fault_ns)
    if stop is None or stop.ms > judge.STOPS_WITHIN_MS:
        found.wrong.append(f"the wheels did not stop in time: {stop}")
    else:
        found.happened, found.ms, found.still_ms = Happened.STOPPED, stop.ms, stop.still_ms
        found.gap_ms = judge.worst_gap_ms(lives[0], robot.fault_ns, stop.t_ns)
    return found


_WATCHDOG = "the body's watchdog"
_USER = "ended: stopped by the user"

DRILLS = (
    Drill(
        "brain-interrupted",
        "Ctrl-C (SIGINT)",
        "stops; the run reports",
        _USER,
        Stops(signalled(signal.SIGINT), exit_code=Exit.INTERRUPTED),
    ),
    Drill(
        "brain-terminated",
        "the brain is asked to end (SIGTERM)",
        "stops; the run reports",
        _USER,
        Stops(signalled(signal.SIGTERM), exit_code=Exit.INTERRUPTED),
    ),
    Drill(
        "brain-killed",
        "the brain is killed (SIGKILL)",
        "the body stops by itself",
        _WATCHDOG,
        Stops(signalled(signal.SIGKILL), exit_code=-signal.SIGKILL),
    ),
    Drill(
        "brain-restarted",
        "the brain is killed and started again (--restart)",
        "the body stops by itself; the second life is disarmed",
        "was killed by SIGKILL; it starts again, disarmed",
        _restarted,
        options=("--restart",),
    ),
    Drill(
        "brain-frozen",
        "the brain hangs (SIGSTOP), then goes on",
        "the body stops by itself; moves again when armed",
        "ticks skipped for too long",
        Stops(frozen(lambda robot: robot.brain)),
    ),
    Drill(
        "body-killed",
        "the simulated body is killed (SIGKILL)",
        "the run ends and says so",
        "body.*killed",
        _body_killed,
    ),
    Drill(
        "body-frozen",
        "the simulated body hangs (SIGSTOP), then goes on",
        "stands still when it goes on; moves again when armed",
        "stopped at .*(body|plant)|the body silent|body: its process has not answered",
        Stops(frozen(body_process), sleeps=True),
    ),
)
