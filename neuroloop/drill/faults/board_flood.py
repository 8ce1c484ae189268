"""Garbage on every topic of a board, more than anybody has use for."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from neuroloop.bench.firmware.line import Line
from neuroloop.core import robot_protocol as protocol
from neuroloop.core.command import Verdict
from neuroloop.drill.board.board import BoardRobot
from neuroloop.drill.board.intruder import Real, read
from neuroloop.drill.board.keys import INTRUDER, NAME
from neuroloop.drill.board.lacks import lacks
from neuroloop.drill.drill import Body, Drill
from neuroloop.drill.faults.board_commands import refused
from neuroloop.drill.faults.board_stop import reset
from neuroloop.drill.plays import GoesOn, Inject, Stops

RATE_HZ = 1000
"""messages a second, on each topic"""
_SECONDS = 1.5
_ROUND_S = 0.01
_MOST_BYTES = 600
_SETTLE_S, _FRESH_US = 20.0, 200_000
_OTHERS = (protocol.ORDER, protocol.STEER, protocol.BRAIN)
TOPICS = (*protocol.TO_ROBOT, *protocol.FROM_ROBOT, *_OTHERS)


def garbage(noise: random.Random, real: Real) -> bytes:
    """Return noise, half of a command, or one with a wrong bit."""
    kind = noise.randrange(3)
    if kind == 0:
        return noise.randbytes(noise.randrange(_MOST_BYTES))
    whole = bytearray(real.but())
    if kind == 1:
        return bytes(whole[: noise.randrange(len(whole))])
    whole[noise.randrange(len(whole))] ^= 1 << noise.randrange(8)
    return bytes(whole)


def _pour(line: Line, topics: tuple[str, ...], real: Real) -> None:
    """Send to every topic at the same rate, by absolute deadlines."""
    noise = random.Random(0)
    start = time.monotonic()
    a_round = round(RATE_HZ * _ROUND_S)
    for number in range(round(_SECONDS / _ROUND_S)):
        line.send_all((topic, garbage(noise, real)) for topic in topics for _ in range(a_round))
        time.sleep(max(0.0, start + (number + 1) * _ROUND_S - time.monotonic()))


def _settled(robot: BoardRobot) -> None:
    """Wait until what the broker still held of it has gone by: the robot is heard without delay."""
    witness = robot.body.witness

    def fresh() -> bool:
        body = witness.body
        delay_us = time.monotonic_ns() // 1000 - body.t_us - body.offset_us if body else _FRESH_US
        return delay_us < _FRESH_US

    robot.wait_until(fresh, _SETTLE_S, "the flood did not run dry")
    time.sleep(_FRESH_US / 1e6)


def _flooded(*without: str) -> Inject:
    topics = tuple(protocol.topic(NAME, name) for name in TOPICS if name not in without)

    @contextmanager
    def inject(robot: BoardRobot) -> Iterator[None]:
        real = read(robot.body.witness.drives[-1])
        with robot.body.as_user(INTRUDER) as line:
            robot.mark()
            thread = threading.Thread(target=_pour, args=(line, topics, real))
            thread.start()
            try:
                yield
            finally:
                thread.join()
                _settled(robot)

    return inject


_LEAST = 100
"""of the commands a broker drops what a board is too slow for, though not all"""

DRILLS = (
    Drill(
        "board-flood",
        f"{RATE_HZ:,} messages of garbage a second on every topic but the stop",
        "goes on, or stops; none is obeyed",
        "robot: .*commands malformed",
        GoesOn(_flooded(protocol.STOP), may_stop=True, check=refused(Verdict.MALFORMED, _LEAST)),
        body=Body.BOARD,
        lacks=lacks,
    ),
    Drill(
        "board-flood-stop",
        f"{RATE_HZ:,} messages of garbage a second on every topic",
        "stops, for garbage is a stop; arming is refused until somebody resets",
        'emergency stop by robot "rover1"',
        Stops(
            _flooded(),
            emergency=True,
            check=refused(Verdict.MALFORMED, _LEAST),
            reset=reset,
        ),
        body=Body.BOARD,
        lacks=lacks,
    ),
)
