"""The brain of a robot on a board dies, hangs, or is asked to end."""

import signal

from neuroloop.core.errors import Exit
from neuroloop.drill.board.lacks import lacks
from neuroloop.drill.drill import Body, Drill
from neuroloop.drill.faults.processes import frozen, signalled
from neuroloop.drill.plays import Stops

_USER = "ended: stopped by the user"

DRILLS = (
    Drill(
        "board-brain-interrupted",
        "Ctrl-C (SIGINT) to the brain",
        "stops; the run reports",
        _USER,
        Stops(signalled(signal.SIGINT), exit_code=Exit.INTERRUPTED),
        body=Body.BOARD,
        lacks=lacks,
    ),
    Drill(
        "board-brain-terminated",
        "the brain is asked to end (SIGTERM)",
        "stops; the run reports",
        _USER,
        Stops(signalled(signal.SIGTERM), exit_code=Exit.INTERRUPTED),
        body=Body.BOARD,
        lacks=lacks,
    ),
    Drill(
        "board-brain-killed",
        "the brain is killed (SIGKILL)",
        "the firmware stops by itself",
        "robot: no command for .*its watchdog stopped the wheels",
        Stops(signalled(signal.SIGKILL), exit_code=-signal.SIGKILL),
        body=Body.BOARD,
        lacks=lacks,
    ),
    Drill(
        "board-brain-frozen",
        "the brain hangs (SIGSTOP), then goes on",
        "the firmware stops by itself; moves again when armed",
        "ticks skipped for too long",
        Stops(frozen(lambda robot: robot.brain)),
        body=Body.BOARD,
        lacks=lacks,
    ),
)
