"""Emergency stops of a board while its connection is away."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from neuroloop.drill.board.board import BoardRobot
from neuroloop.drill.board.lacks import lacks
from neuroloop.drill.drill import Body, Drill
from neuroloop.drill.plays import Stops

_STOPS = "stops; when it is back arming is refused until somebody resets"
_AWAY_S, _PRESSED_S, _RESET_S, _TOLD_S = 0.3, 0.1, 10.0, 0.3


@contextmanager
def _told(robot: BoardRobot) -> Iterator[None]:
    with _away(robot):
        robot.ask("stop")
    yield


@contextmanager
def _pressed(robot: BoardRobot) -> Iterator[None]:
    with _away(robot):
        button = robot.body.button
        button.touch()
        time.sleep(_PRESSED_S)
        button.unlink()
    yield


@contextmanager
def _away(robot: BoardRobot) -> Iterator[None]:
    """Let there be no broker for a while."""
    robot.body.broker.kill()
    try:
        time.sleep(_AWAY_S)
        yield
    finally:
        robot.body.broker.start()


def reset(robot: BoardRobot) -> None:
    """End the robot's emergency stop, then the guard's, which knows of the robot's until then."""

    def ended() -> bool:
        if robot.body.stopped:
            robot.body.reset()
        return not robot.body.stopped

    robot.wait_until(ended, _RESET_S, "the robot's emergency stop could not be reset")
    time.sleep(_TOLD_S)
    robot.ask("reset")


DRILLS = (
    Drill(
        "board-stop-told",
        "emergency stop through the control socket while the broker is away",
        _STOPS,
        "emergency stop by the drill",
        Stops(_told, emergency=True),
        body=Body.BOARD,
        lacks=lacks,
    ),
    Drill(
        "board-stop-pressed",
        "emergency button pressed while the broker is away",
        _STOPS,
        'emergency stop by robot "rover1"',
        Stops(_pressed, emergency=True, reset=reset),
        body=Body.BOARD,
        lacks=lacks,
    ),
)
