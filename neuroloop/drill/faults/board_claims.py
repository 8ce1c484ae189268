"""Another brain for a board that has one; a board whose machine is told another time."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from neuroloop.core.errors import PartError
from neuroloop.drill.board.board import RUN_FILE, BoardRobot
from neuroloop.drill.board.lacks import lacks
from neuroloop.drill.drill import Body, Drill
from neuroloop.drill.faults.board_commands import obeyed
from neuroloop.drill.faults.machine import stepped
from neuroloop.drill.permissions import SYS_TIME
from neuroloop.drill.permissions import lacks as lacks_capability
from neuroloop.drill.plays import GoesOn

_HELD = "is held by another brain"
_START_S, _END_S, _LOOK_S = 30.0, 10.0, 0.05
_BACKWARDS = "decoder.wheels.weights=[[-0.00168, 0.0], [0.0, -0.00168]]"


@contextmanager
def _second(robot: BoardRobot) -> Iterator[None]:
    """Start another whole brain, which wants to drive backwards and arms as soon as it may."""
    board, said = robot.body, robot.folder / "second"
    changes = [*board.changes, "guard.arm=start", _BACKWARDS]
    command = [sys.executable, "-m", "neuroloop", "run", str(RUN_FILE), "--json"]
    command += [part for change in changes for part in ("--set", change)]
    with said.open("wb") as errors:
        brain = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env={**os.environ, "XDG_RUNTIME_DIR": str(board.folder), **board.environment},
            start_new_session=True,
        )
    try:
        end = time.monotonic() + _START_S
        while _HELD not in said.read_text("utf-8", "replace"):
            if brain.poll() is not None or time.monotonic() > end:
                raise PartError(f"the second brain did not notice the first: {said.read_text()}")
            time.sleep(_LOOK_S)
        yield
    finally:
        robot.notes += said.read_text("utf-8", "replace").splitlines()
        brain.send_signal(signal.SIGTERM)
        try:
            brain.wait(_END_S)
        except subprocess.TimeoutExpired:
            os.killpg(brain.pid, signal.SIGKILL)
            brain.wait()


DRILLS = (
    Drill(
        "board-second-brain",
        "a second brain, which wants to drive backwards",
        "goes on, or holds for a moment; the second one is told why it may not",
        _HELD,
        GoesOn(_second, lasts_s=0.5, check=obeyed, may_hold=True),
        body=Body.BOARD,
        lacks=lacks,
    ),
    Drill(
        "board-clock-stepped",
        "the brain's wall clock is set an hour ahead, then an hour behind",
        "goes on",
        "armed since",
        GoesOn(stepped),
        body=Body.BOARD,
        lacks=lambda: lacks() or lacks_capability(SYS_TIME),
    ),
)
