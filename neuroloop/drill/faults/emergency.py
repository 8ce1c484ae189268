"""Emergency stops, from everybody and everything that can ask for one."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from neuroloop.core.errors import Exit
from neuroloop.drill import judge
from neuroloop.drill.drill import Drill, Finding, Happened
from neuroloop.drill.plays import Stops, arm, blind, moves, pulled, refused_to_arm
from neuroloop.drill.robot import AnyRobot
from neuroloop.drill.said import ended_with, status, told

_STOPS = "stops; arming is refused until somebody resets"
_READY_S = 30.0


@contextmanager
def _told(robot: AnyRobot) -> Iterator[None]:
    robot.ask("stop")
    yield


@contextmanager
def _typed(robot: AnyRobot) -> Iterator[None]:
    if robot.keyboard is not None:
        os.write(robot.keyboard, b" ")
    yield


def _unarmed(robot: AnyRobot) -> Finding:
    """Stop a robot that nobody has armed yet; it has to be reset before it can be armed."""
    found = Finding(Happened.REFUSED)
    robot.wait_until(lambda: bool(status(robot)), _READY_S, "it did not answer")
    robot.mark()
    robot.ask("stop")
    found.lines += status(robot)
    refused_to_arm(robot, found)
    robot.ask("reset")
    time.sleep(0.1)
    armed_ns = time.monotonic_ns()
    arm(robot)
    moves(robot, armed_ns)
    outcome = robot.end()
    box = robot.box()
    found.lines += told(outcome)
    found.wrong += [*blind(box), *ended_with(outcome, Exit.INTERRUPTED)]
    if judge.moved(box, 0, armed_ns):
        found.wrong.append("it moved, though nobody had armed")
    return found


DRILLS = (
    Drill(
        "stop-told",
        "emergency stop through the control socket (neuroloop tell stop)",
        _STOPS,
        "emergency stop by the drill",
        Stops(_told, emergency=True),
    ),
    Drill(
        "stop-typed",
        "emergency stop by the space key",
        _STOPS,
        "emergency stop by keyboard",
        Stops(_typed, emergency=True),
        options=("--keys",),
        terminal=True,
    ),
    Drill(
        "stop-bumped",
        "emergency stop by a bumper",
        _STOPS,
        'emergency stop by sensor "bumper"',
        Stops(pulled("press"), emergency=True),
        (
            'sensor.bumper={kind="neuroloop.drill.parts.button", latency_ms=5, '
            'trigger="{folder}/trigger"}',
            'guard.stop=["bumper"]',
        ),
    ),
    Drill(
        "stop-programmed",
        "emergency stop by a program (loop.orders)",
        _STOPS,
        "emergency stop by a program",
        Stops(pulled("press"), emergency=True),
        options=("--trigger", "{folder}/trigger"),
        module=("neuroloop.drill.program",),
    ),
    Drill(
        "stop-unarmed",
        "emergency stop before anybody armed",
        "arming is refused until somebody resets",
        "emergency stop by the drill",
        _unarmed,
        ("guard.arm=manual",),
    ),
)
