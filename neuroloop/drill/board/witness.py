"""Somebody at the broker who hears what robot and brain say, and does nothing."""

import json
import threading
import time
from collections import Counter, deque
from types import TracebackType
from typing import Self

import numpy as np

from neuroloop.bench.firmware.line import Line
from neuroloop.core import robot_protocol as protocol
from neuroloop.core.command import Verdict
from neuroloop.core.errors import MachineError
from neuroloop.core.values import Int64s
from neuroloop.drill.board.keys import NAME
from neuroloop.mqtt import messages
from neuroloop.runtime.companion import beside

_PAUSE_S, _LISTEN_S = 0.05, 0.05
_KEPT = 200
HEARS = (protocol.BODY, protocol.DRIVE, protocol.BRAIN, protocol.NOTICE, protocol.BIRTH)


class Witness:
    """Listens in a thread, comes back whenever the broker does; start it with ``with``.

    Parameters
    ----------
    port
        Of the broker.
    login
        User and password.
    """

    def __init__(self, port: int, login: tuple[str, str]) -> None:
        self._port, self._login = port, login
        self.body: messages.BodyState | None = None
        """the newest word of the robot on itself"""
        self.bodies = 0
        self.drives: deque[bytes] = deque(maxlen=_KEPT)
        """commands, the newest last"""
        self.status = ""
        """what the broker has of the brain: its guard's state, or ``lost``, its last will"""
        self.notices: Counter[str] = Counter()
        """why the robot said that it refused something"""
        self.births: Counter[str] = Counter()
        """``ready``: it came, ``lost``: its last will did"""
        self._boots: dict[int, Int64s] = {}
        self._listening = beside("witness", self._listen)

    def __enter__(self) -> Self:
        """Begin to listen."""
        self._listening.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Listen no more."""
        self._listening.__exit__(kind, error, trace)

    @property
    def verdicts(self) -> Int64s:
        """How often the robot gave each verdict, however often it was switched on."""
        return sum(list(self._boots.values()), np.zeros(len(Verdict), np.int64))

    def _listen(self, stop: threading.Event) -> None:
        topics = tuple(protocol.topic(NAME, name) for name in HEARS)
        while not stop.is_set():
            try:
                with Line(self._port, "drill-witness", topics, self._login) as line:
                    while not stop.is_set():
                        for topic, payload in line.receive(_LISTEN_S):
                            self._hear(topic.split("/", 3)[3], payload)
            except (OSError, MachineError):
                time.sleep(_PAUSE_S)

    def _hear(self, name: str, payload: bytes) -> None:
        if name == protocol.DRIVE:
            self.drives.append(payload)
        elif name == protocol.BODY:
            body = messages.body_of(payload)
            if body is not None:
                self.body = body
                self.bodies += 1
                self._boots[body.boot] = np.array(body.verdicts, np.int64)
        else:
            said = _object(payload)
            if name == protocol.BRAIN:
                self.status = str(said.get("state", self.status))
            elif name == protocol.NOTICE:
                self.notices[str(said.get("verdict", ""))[:20]] += 1
            elif name == protocol.BIRTH:
                self.births[str(said.get("state", ""))[:20]] += 1


def _object(payload: bytes) -> dict[str, object]:
    """Read a JSON object; empty where it is none."""
    try:
        found = json.loads(payload)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
