"""A twin from its switching on to its end, in real time, in one thread."""

import gc
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType

from neuroloop.core import robot_protocol as protocol
from neuroloop.mqtt.settings import Broker, Login
from sims.twin import messages
from sims.twin.connection import Connection, Line
from sims.twin.twin import Twin

_PRIORITY = 55
"""of SCHED_FIFO, above a live tick: a board has its processor for itself"""
_LEAST_TURN_S = 50e-6
"""the line is looked at after each round, however late it is"""


@dataclass(frozen=True)
class Ends:
    """When it is over, beside a signal."""

    seconds: float | None = None
    at_goal: bool = False


def live(twin: Twin, robot: str, address: tuple[Broker, Login], ends: Ends) -> dict[str, object]:
    """Live until the end, and return how it went as plain values."""

    def hear(topic: str, message: bytes, retained: bool) -> None:
        name = topic.removeprefix(protocol.topic(robot, ""))
        twin.hear(name, message, time.monotonic_ns(), retained=retained)

    line = Connection(_line(twin, robot), address, hear, twin.greeted)

    def publish(name: str, message: bytes) -> bool:
        return line.publish(protocol.topic(robot, name), message)

    gc.collect()
    gc.freeze()
    with suppress(OSError):  # without the right to it a body is less punctual, and no worse
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(_PRIORITY))
    with _signals() as asked:
        start_ns = time.monotonic_ns()
        twin.begin(start_ns, publish)
        end_ns = None if ends.seconds is None else start_ns + int(ends.seconds * 1e9)
        while not asked:
            now_ns = time.monotonic_ns()
            twin.round(now_ns)
            at_goal = ends.at_goal and twin.course.reached_us is not None
            if at_goal or (end_ns is not None and now_ns >= end_ns):
                break
            _listen(line, twin.next_ns(now_ns))
    line.close()
    return _told(twin, line)


def _listen(line: Connection, until_ns: int) -> None:
    """Take in what comes until the next round is due."""
    turn_s = max((until_ns - time.monotonic_ns()) / 1e9, _LEAST_TURN_S)
    while turn_s > 0:
        line.turn(turn_s)
        turn_s = (until_ns - time.monotonic_ns()) / 1e9


def _line(twin: Twin, robot: str) -> Line:
    gate, body = twin.robot.gate, twin.plant.body
    birth = messages.text(
        state="ready",
        version=protocol.VERSION,
        name=robot,
        boot=twin.robot.boot,
        channels=body.channels,
        watchdog_ms=gate.watchdog_ns / 1e6,
        max_wheel_mps=body.drive.max_wheel_mps,
    )
    return Line(
        name=f"{robot}-{twin.robot.boot:x}",
        hears=[protocol.topic(robot, name) for name in protocol.TO_ROBOT],
        presence=protocol.topic(robot, protocol.BIRTH),
        birth=birth,
        will=messages.text(state="lost"),
    )


def _told(twin: Twin, line: Connection) -> dict[str, object]:
    course, gate = twin.course, twin.robot.gate
    counts = dict(zip(protocol.VERDICTS, gate.counts, strict=True))
    return {
        "reached_s": None if course.reached_us is None else course.reached_us / 1e6,
        "t_s": twin.plant.t_us / 1e6,
        "path_m": course.path_m,
        "contacts": course.contacts,
        "verdicts": counts,
        "dropped": line.dropped,
        "behind_s": twin.behind_us / 1e6,
    }


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Yield a list that is no longer empty once somebody asked for the end."""
    asked: list[int] = []

    def ask(number: int, frame: FrameType | None) -> None:
        del frame
        asked.append(number)

    asking = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {s: signal.signal(s, ask) for s in asking}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
