"""Commands that must not count reach a board, beside a healthy brain and instead of it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from neuroloop.core import robot_protocol as protocol
from neuroloop.core.black_box import Records
from neuroloop.core.command import Verdict
from neuroloop.core.errors import PartError
from neuroloop.drill import judge
from neuroloop.drill.board.board import BoardRobot
from neuroloop.drill.board.intruder import Forge, Real, read
from neuroloop.drill.board.keys import INTRUDER, NAME, OTHER
from neuroloop.drill.board.lacks import lacks
from neuroloop.drill.drill import Body, Drill
from neuroloop.drill.plays import Check, GoesOn, Inject, Stops
from neuroloop.drill.processes import freeze, thaw

_BESIDE, _INSTEAD = 5, 50
"""forged commands beside a healthy brain, and while it hangs"""
_DRAINED_S, _BETWEEN_S, _EVERY_S = 0.02, 0.03, 0.01
_HOUR_S = 3600.0
_STOPS = "none is obeyed, none keeps it going; stops; moves again when armed"

Send = Callable[[Real], None]


@contextmanager
def _standing(robot: BoardRobot) -> Iterator[Real]:
    """Stop the brain, and read the newest of its commands when all have arrived."""
    freeze(robot.brain)
    try:
        time.sleep(_DRAINED_S)
        if not robot.body.witness.drives:
            raise PartError("no command of the brain was heard at the broker")
        yield read(robot.body.witness.drives[-1])
    finally:
        thaw(robot.brain)


@contextmanager
def _attacked(robot: BoardRobot, send: Send) -> Iterator[None]:
    """Send forged commands between those of a healthy brain, then while it hangs for good."""
    for _ in range(_BESIDE):
        with _standing(robot) as real:
            send(real)
        time.sleep(_BETWEEN_S)
    robot.mark()
    with _standing(robot) as real:
        for _ in range(_INSTEAD):
            send(real)
            time.sleep(_EVERY_S)
        yield


def _forged(forge: Forge, name: str = protocol.DRIVE) -> Inject:
    @contextmanager
    def inject(robot: BoardRobot) -> Iterator[None]:
        with robot.body.as_user(INTRUDER) as line:
            topic = protocol.topic(NAME, name)
            with _attacked(robot, lambda real: line.send(topic, forge(real))):
                yield

    return inject


@contextmanager
def _replayed(robot: BoardRobot) -> Iterator[None]:
    """Send again what the brain said a moment ago, in its order, again and again."""
    recorded = list(robot.body.witness.drives)[:-_BESIDE]
    with robot.body.as_user(INTRUDER) as line:
        topic, numbers = protocol.topic(NAME, protocol.DRIVE), iter(range(1_000_000))

        def send(_: Real) -> None:
            line.send(topic, recorded[next(numbers) % len(recorded)])

        with _attacked(robot, send):
            yield


@contextmanager
def _foreign(robot: BoardRobot) -> Iterator[None]:
    """Let another robot's login speak to this one, and somebody to another robot."""
    board = robot.body
    with board.as_user(OTHER) as other, board.as_user(INTRUDER) as intruder:

        def send(real: Real) -> None:
            forged = real.but(owner=2)
            other.send(protocol.topic(NAME, protocol.DRIVE), forged)
            intruder.send(protocol.topic(OTHER, protocol.DRIVE), forged)

        with _attacked(robot, send):
            yield


@contextmanager
def _claimed(robot: BoardRobot) -> Iterator[None]:
    """Command as another owner, while the brain goes on."""
    with robot.body.as_user(INTRUDER) as line:
        for _ in range(_INSTEAD):
            real = read(robot.body.witness.drives[-1])
            line.send(protocol.topic(NAME, protocol.DRIVE), real.but(owner=2))
            time.sleep(_EVERY_S)
        yield


@contextmanager
def _retained(robot: BoardRobot) -> Iterator[None]:
    """Let the broker keep a command, which the board is given when it is started again."""
    board = robot.body
    forged = read(board.witness.drives[-1]).but(owner=2)
    board.say(INTRUDER, protocol.DRIVE, forged, retain=True)
    try:
        robot.mark()
        board.firmware.interrupt()
        board.switch_on()
        yield
    finally:
        board.say(INTRUDER, protocol.DRIVE, b"", retain=True)


def refused(verdict: Verdict, least: int) -> Check:
    """Return what looks whether the board saw the forged commands, and obeyed none."""

    def check(box: Records) -> list[str]:
        wrong = obeyed(box)
        seen = judge.refused(box, verdict)
        if seen < least:
            wrong.append(f"the board counted {seen} {verdict.name}, at least {least} were sent")
        return wrong

    return check


def obeyed(box: Records) -> list[str]:
    """Return what is wrong where the board ever drove backwards: only forged commands want it."""
    if (box["left_mps"] < 0).any() or (box["right_mps"] < 0).any():
        return ["the board obeyed a command that must not count"]
    return []


def _one_bit_off(payload: bytes) -> bytes:
    return payload[:-1] + bytes([payload[-1] ^ 1])


def _never_came(box: Records) -> list[str]:
    seen = judge.refused(box, Verdict.STRANGER)
    return obeyed(box) + [f"{seen} commands of another robot came through"] * bool(seen)


def _drill(name: str, injected: str, inject: Inject, verdict: Verdict) -> Drill:
    return Drill(
        f"board-command-{name}",
        f"{injected}",
        _STOPS,
        f"robot: .*commands {verdict.name.lower().replace('_', ' ')}",
        Stops(inject, lasts_s=0.1, check=refused(verdict, _INSTEAD)),
        body=Body.BOARD,
        lacks=lacks,
    )


DRILLS = (
    _drill("replayed", "recorded commands are sent again", _replayed, Verdict.OUT_OF_ORDER),
    _drill(
        "late",
        "commands that were sent a second ago",
        _forged(lambda real: real.but(ago_s=1.0)),
        Verdict.LATE,
    ),
    _drill(
        "ahead",
        "commands of a clock that is an hour ahead",
        _forged(lambda real: real.but(ago_s=-_HOUR_S)),
        Verdict.LATE,
    ),
    _drill(
        "out-of-order",
        "commands from before the newest",
        _forged(lambda real: real.but(sequence=-20)),
        Verdict.OUT_OF_ORDER,
    ),
    _drill(
        "duplicate",
        "the newest command again, with other wishes",
        _forged(lambda real: real.but(sequence=0)),
        Verdict.DUPLICATE,
    ),
    _drill(
        "malformed",
        "commands with a bit that fell over",
        _forged(lambda real: _one_bit_off(real.but())),
        Verdict.MALFORMED,
    ),
    _drill(
        "truncated",
        "commands of which half is missing",
        _forged(lambda real: real.but()[: len(real.payload) // 2]),
        Verdict.MALFORMED,
    ),
    _drill(
        "oversized",
        "commands with 1 kB behind them",
        _forged(lambda real: real.but() + bytes(1024)),
        Verdict.MALFORMED,
    ),
    _drill(
        "nan",
        "commands that wish NaN",
        _forged(lambda real: real.but(wish_mps=float("nan"))),
        Verdict.MALFORMED,
    ),
    _drill(
        "json",
        "commands in JSON that are none",
        _forged(lambda _: b'{"owner": 1e999, "sequence": [[[[', protocol.DRIVE_JSON),
        Verdict.MALFORMED,
    ),
    Drill(
        "board-command-retained",
        "a command that somebody let the broker keep, for a board that starts",
        "stops; moves again when armed",
        "robot: .*commands malformed",
        Stops(_retained, check=refused(Verdict.MALFORMED, 1)),
        body=Body.BOARD,
        lacks=lacks,
    ),
    Drill(
        "board-command-foreign",
        "another robot's login commands this one; commands for another robot",
        "none comes through; " + _STOPS.partition("; ")[2],
        "ticks skipped for too long",
        Stops(_foreign, lasts_s=0.1, check=_never_came),
        body=Body.BOARD,
        lacks=lacks,
    ),
    Drill(
        "board-command-stranger",
        "commands of a second owner",
        "goes on; none is obeyed",
        "robot: .*commands stranger",
        GoesOn(_claimed, lasts_s=0.2, check=refused(Verdict.STRANGER, _INSTEAD)),
        body=Body.BOARD,
        lacks=lacks,
    ),
)
