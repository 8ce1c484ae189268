"""The broker between a brain and its board dies, hangs, is started anew, or wants another key."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from neuroloop.core.errors import Exit
from neuroloop.drill.board.board import BoardRobot
from neuroloop.drill.board.keys import BRAIN
from neuroloop.drill.board.lacks import lacks
from neuroloop.drill.drill import Body, Drill
from neuroloop.drill.plays import Refused, Stops
from neuroloop.drill.processes import freeze, thaw

_FAILED = 'stopped at .*robot "rover1" failed'
_ALONE = "stops; moves again when it is back and somebody armed"


@contextmanager
def _killed(robot: BoardRobot) -> Iterator[None]:
    broker = robot.body.broker
    broker.kill()
    try:
        yield
    finally:
        broker.start()


@contextmanager
def _frozen(robot: BoardRobot) -> Iterator[None]:
    pid = robot.body.broker.pid
    freeze(pid)
    try:
        yield
    finally:
        thaw(pid)


@contextmanager
def _restarted(robot: BoardRobot) -> Iterator[None]:
    robot.body.broker.stop()
    robot.body.broker.start()
    yield


@contextmanager
def _impostor(robot: BoardRobot) -> Iterator[None]:
    """Start another broker in the place of the true one: its certificate signs itself."""
    board = robot.body
    board.keys.show("stranger")
    board.broker.kill()
    board.broker.start()
    try:
        yield
    finally:
        board.keys.show("broker")
        board.broker.kill()
        board.broker.start()


@contextmanager
def _other_password(robot: BoardRobot) -> Iterator[None]:
    """Change the brain's password at the broker, which then looks at all its clients anew."""
    board = robot.body
    board.keys.write_passwords(**{BRAIN: "another one"})
    robot.mark()
    board.broker.signal(signal.SIGHUP)
    try:
        yield
    finally:
        board.keys.write_passwords()
        board.broker.signal(signal.SIGHUP)


def _drill(name: str, injected: str, expects: str, play: Stops, named: str = _FAILED) -> Drill:
    return Drill(name, injected, expects, named, play, body=Body.BOARD, lacks=lacks)


def _refused(name: str, injected: str, named: str, change: str) -> Drill:
    return Drill(
        name,
        injected,
        "the run does not begin",
        named,
        Refused(Exit.PART_FAILED),
        (f"actuator.wheels.broker.{change}",),
        body=Body.BOARD,
        lacks=lacks,
    )


DRILLS = (
    _drill("board-broker-killed", "the broker is killed (SIGKILL)", _ALONE, Stops(_killed)),
    _drill(
        "board-broker-restarted",
        "the broker ends in order and is started again at once",
        _ALONE,
        Stops(_restarted),
    ),
    _drill(
        "board-broker-frozen",
        "the broker hangs (SIGSTOP), then delivers what it has",
        _ALONE,
        Stops(_frozen),
    ),
    _drill(
        "board-broker-impostor",
        "somebody else's broker in its place, with another certificate",
        "stops; moves again when the true one is back and somebody armed",
        Stops(_impostor),
    ),
    _drill(
        "board-password-changed",
        "the brain's password is changed at the broker",
        "stops; moves again when it is right again and somebody armed",
        Stops(_other_password),
    ),
    _refused(
        "board-password-wrong",
        "a brain with a wrong password",
        'refuses the user "panel" with this password',
        'user="panel"',
    ),
    _refused(
        "board-certificate-wrong",
        "a broker whose certificate is for another host",
        "the certificate of 127.0.0.1:.* was refused: .*mismatch",
        'host="127.0.0.1"',
    ),
)
