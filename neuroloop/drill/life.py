"""One life of a robot, in which drills follow each other: each has to leave it as it found it."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf
from pathlib import Path
from typing import Any

from neuroloop.core.ending import told_to_end
from neuroloop.core.errors import Exit, NeuroloopError
from neuroloop.drill import judge
from neuroloop.drill.board import board as boards
from neuroloop.drill.drill import Body, Drill, Finding
from neuroloop.drill.robot import TRIGGER, AnyRobot, Robot, Start
from neuroloop.drill.robot import Body as BodyOfRobot
from neuroloop.drill.said import ended_with, said
from neuroloop.drill.simulated import RUN_FILE, SimulatedBody


def lives(drills: Sequence[Drill]) -> list[list[Drill]]:
    """Return which drills share a life of a robot, in their order.

    Those do that want the same robot.  One that ends the run in order is the last of its life, one
    that ends it otherwise has a life of its own.
    """
    alike: dict[object, list[Drill]] = {}
    for drill in drills:
        alike.setdefault(drill.robot, []).append(drill)
    found = []
    for group in alike.values():
        stays = [drill for drill in group if drill.lives_on]
        ends = sorted((d for d in group if not d.lives_on), key=lambda drill: not drill.reports)
        if stays:
            last = [ends.pop(0)] if ends and ends[0].reports else []
            found.append(stays + last)
        found += [[drill] for drill in ends]
    return found


@dataclass
class _Diary:
    """What came of the drills of a life, and when each began."""

    findings: list[Finding] = field(default_factory=list)
    began_s: list[float] = field(default_factory=list)


def lived(drills: Sequence[Drill], plant: str, folder: Path) -> list[Finding]:
    """Play drills in one life of a robot, and return what came of them.

    It ends with one after which the robot is not what it was: then there are fewer findings than
    drills.
    """
    diary = _Diary()
    try:
        with told_to_end(), _robot(drills[0], plant, folder) as robot:
            for drill in drills:
                robot.begin()
                diary.began_s.append(robot.began_s)
                diary.findings.append(_played(drill, robot))
                if not robot.lives or spoilt(diary.findings[-1]):
                    break
            if robot.lives and drill.lives_on:
                _end(robot, diary)
            if robot.outcome is not None:
                _hand_out(robot.outcome.report, diary)
    except (NeuroloopError, OSError) as error:
        if not diary.findings:
            diary.findings.append(Finding(gap_ms=judge.GAP_MS))
        for found in diary.findings:
            found.wrong.append(str(error))
    return diary.findings


def spoilt(found: Finding) -> bool:
    """Whether the robot cannot be what it was."""
    return bool(found.wrong) or found.gap_ms >= judge.GAP_MS


def _played(drill: Drill, robot: AnyRobot) -> Finding:
    try:
        return drill.play(robot)
    except (NeuroloopError, OSError) as error:
        # one that did not get as far as its fault was no drill
        return Finding(wrong=[str(error)], gap_ms=0.0 if robot.fault_ns else judge.GAP_MS)


def _end(robot: AnyRobot, diary: _Diary) -> None:
    """End the run in order."""
    wrong = ended_with(robot.end(), Exit.INTERRUPTED)
    for found in diary.findings:
        if not spoilt(found):
            found.wrong += wrong


def _hand_out(report: Mapping[str, Any], diary: _Diary) -> None:
    """Give each drill what the run kept of its time for the report."""
    ends_s = [*(end for _, end in pairwise(diary.began_s)), inf]
    for found, begin_s, end_s in zip(diary.findings, diary.began_s, ends_s, strict=True):
        found.lines += said(report, begin_s, end_s)


@contextmanager
def _robot(drill: Drill, plant: str, folder: Path) -> Iterator[AnyRobot]:
    """Start the robot that a drill wants."""
    trigger = f"sensor.pulse.trigger={folder / TRIGGER}"
    with ExitStack() as stack:
        keyboard, stdin = stack.enter_context(_terminal(wanted=drill.terminal))
        changes, environment = [trigger], {}
        if drill.body is Body.BOARD:
            board = stack.enter_context(boards.started(folder))
            body: BodyOfRobot = board
            run_file, environment = boards.RUN_FILE, board.environment
            changes += board.changes
            changes += [
                change.replace("{relay}", str(board.relay.port)) for change in drill.changes
            ]
        else:
            body = simulated = SimulatedBody(folder)
            run_file = RUN_FILE
            changes += [f"plant.kind={plant}", f"run.black_box={simulated.black_box}"]
            changes += drill.changes
        start = Start(
            run_file,
            [change.replace("{folder}", str(folder)) for change in changes],
            [option.replace("{folder}", str(folder)) for option in drill.options],
            drill.module,
            stdin,
            keyboard,
            environment,
        )
        yield stack.enter_context(Robot(folder, start, body))


@contextmanager
def _terminal(*, wanted: bool) -> Iterator[tuple[int | None, int | None]]:
    """Open a terminal: the end that a person types at, and that of the run."""
    if not wanted:
        yield None, None
        return
    ours, theirs = os.openpty()
    try:
        yield ours, theirs
    finally:
        os.close(ours)
        os.close(theirs)
