"""A board is restarted, or loses its power, in the midst of a command."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from neuroloop.drill.board.board import BoardRobot
from neuroloop.drill.board.lacks import lacks
from neuroloop.drill.drill import Body, Drill
from neuroloop.drill.plays import Stops

_FAILED = 'robot "rover1"(, switched on anew,| failed)'
_OFF_S = 0.3


@contextmanager
def _rebooted(robot: BoardRobot) -> Iterator[None]:
    robot.body.firmware.interrupt()
    robot.body.switch_on()
    yield


@contextmanager
def _power_cut(robot: BoardRobot) -> Iterator[None]:
    robot.body.switch_off()
    time.sleep(_OFF_S)
    robot.body.switch_on()
    yield


DRILLS = (
    Drill(
        "board-rebooted",
        "the firmware raises and is started again at once",
        "stops; moves again when armed",
        _FAILED,
        Stops(_rebooted),
        body=Body.BOARD,
        lacks=lacks,
    ),
    Drill(
        "board-power-cut",
        "its power is cut for 0.3 s",
        "stands still when it is switched on; moves again when armed",
        _FAILED,
        Stops(_power_cut, sleeps=True),
        body=Body.BOARD,
        lacks=lacks,
    ),
)
