"""Commands at a fixed rate to the firmware, and its answers, over a broker.

A command goes over Mosquitto to the firmware in MicroPython, through its gate, onto its H-bridge;
the firmware then says of which command it heard last, and that comes back the same way.  All three
ask for real-time priority.
"""

import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neuroloop.bench.firmware.broker import Broker
from neuroloop.bench.firmware.line import Line
from neuroloop.bench.firmware.robot import Robot, config
from neuroloop.bench.firmware.trace import OnMotor, on_motor, speed
from neuroloop.bench.firmware.urgent import urgent
from neuroloop.core import robot_protocol as protocol
from neuroloop.core.errors import ConfigError, MachineError
from neuroloop.mqtt import messages
from neuroloop.runtime import realtime

NAME = "bench"
BODY, ASK, ANSWER, DRIVE = (
    protocol.topic(NAME, name)
    for name in (protocol.BODY, protocol.CLOCK_ASK, protocol.CLOCK_ANSWER, protocol.DRIVE)
)
OWNER = 1
PRIORITY = 20
"""of SCHED_FIFO: below a live tick"""
READY_S = 10.0
LAST_S = 1.0
"""how long an answer to the last command may take"""
MOST_RATE_HZ = 5000.0
VALID_MS = 200


@dataclass(frozen=True)
class Task:
    """What to send."""

    commands: int = 5000
    rate_hz: float = 1000.0


@dataclass(frozen=True)
class EchoCost:
    """How long it took and what became of the commands."""

    task: Task
    p50_us: float
    p99_us: float
    p999_us: float
    max_us: float
    lost: int
    """commands without an answer"""
    refused: int
    """commands that the gate did not take, those that came late above all"""
    motor: OnMotor
    taken_twice: int
    """commands that the gate took more often than they were sent"""
    fifo: bool
    """whether all had real-time priority"""
    load: float
    """of the last minute, at the end"""


class _Brain:
    """Sends commands, answers the robot's questions, takes down when it told of which command."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self.arrived_us: dict[int, int] = {}
        """by the time a command was sent: when the robot's answer to it came"""
        self.body: messages.BodyState | None = None

    def ready(self) -> bool:
        return self.body is not None and bool(self.body.flags & protocol.SYNCED)

    def listen(self, seconds: float) -> None:
        """Take what comes in this time; may return earlier."""
        for topic, payload in self._line.receive(seconds):
            arrived_us = _now_us()
            if topic == BODY and (body := messages.body_of(payload)) is not None:
                self.body = body
                self.arrived_us.setdefault(body.sent_us, arrived_us)
            elif topic == ASK and (asked := messages.ask_of(payload)) is not None:
                self._line.send(ANSWER, messages.answer(asked, arrived_us, _now_us()))

    def send(self, number: int) -> int:
        """Send a command; returns when."""
        values = (speed(number), speed(number))
        sent_us = _now_us()
        command = messages.drive(OWNER, number, sent_us, values, valid_ms=VALID_MS, power=True)
        self._line.send(DRIVE, command)
        return sent_us


def measure(task: Task) -> EchoCost:
    """Start broker and firmware, send the commands, and count.

    Raises
    ------
    ConfigError
        A rate or number that cannot be measured.
    MachineError
        Mosquitto or MicroPython is missing, or the firmware answers nothing.
    """
    if not 1 <= task.rate_hz <= MOST_RATE_HZ:
        raise ConfigError(f"--rate-hz {task.rate_hz:g}: 1 to {MOST_RATE_HZ:g} are possible")
    if task.commands < 1:
        raise ConfigError(f"--commands {task.commands}: 1 at least")
    with tempfile.TemporaryDirectory(prefix="neuroloop-firmware-") as name:
        folder = Path(name)
        with Broker(folder) as broker, Robot(folder, _settings(broker.port, folder)) as robot:
            fifo = urgent(broker.pid, PRIORITY) and urgent(robot.pid, PRIORITY)
            with Line(broker.port, "bench", (BODY, ASK)) as line:
                brain = _Brain(line)
                _wait(brain, robot)
                # a thread of its own: who called keeps the priority that it has
                with ThreadPoolExecutor(1) as pool:
                    sent, ours = pool.submit(_paced, task, brain).result()
        trace = (folder / "trace").read_text("ascii")
        return _cost(task, brain, sent, on_motor(trace, task.commands), fifo and ours)


def _settings(port: int, folder: Path) -> dict[str, object]:
    settings = config(NAME, port, folder, echo=True, console_s=0)
    # without a controller each command is one change of the H-bridge
    settings["body"].update(full_duty_mps=0.5, start_duty=0.0, p=0.0, i=0.0)
    return settings


def _paced(task: Task, brain: _Brain) -> tuple[list[int], bool]:
    """Send by absolute deadlines; what was missed is sent at once, never left out.

    Returns when each was sent, and whether it was done with real-time priority.
    """
    sent = []
    fifo = realtime.ask(PRIORITY).fifo
    start = time.monotonic()
    for number in range(task.commands):
        due = start + number / task.rate_hz
        while (wait_s := due - time.monotonic()) > 0:
            brain.listen(wait_s)
        sent.append(brain.send(number))
    until = time.monotonic() + LAST_S
    while sent[-1] not in brain.arrived_us and time.monotonic() < until:
        brain.listen(0.1)
    return sent, fifo


def _wait(brain: _Brain, robot: Robot) -> None:
    until = time.monotonic() + READY_S
    while not brain.ready():
        if time.monotonic() > until:
            why = robot.console() or "it says nothing"
            raise MachineError(f"the firmware does not answer: {why}")
        brain.listen(0.1)


def _cost(task: Task, brain: _Brain, sent: list[int], motor: OnMotor, fifo: bool) -> EchoCost:
    ways = [brain.arrived_us[at] - at for at in sent if at in brain.arrived_us]
    if not ways:
        raise MachineError("the firmware answered to no command")
    times: NDArray[np.float64] = np.asarray(ways, np.float64)
    p50, p99, p999, most = (float(q) for q in np.percentile(times, [50, 99, 99.9, 100]))
    counts = brain.body.verdicts if brain.body else (0,)
    return EchoCost(
        task=task,
        p50_us=p50,
        p99_us=p99,
        p999_us=p999,
        max_us=most,
        lost=len(sent) - len(ways),
        refused=sum(counts[1:]),
        motor=motor,
        taken_twice=max(0, counts[0] - task.commands),
        fifo=fifo,
        load=os.getloadavg()[0],
    )


def _now_us() -> int:
    return time.monotonic_ns() // 1000
