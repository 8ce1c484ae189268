"""The board, its broker, and who looks on: all of the drills' robot that is not its brain."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from neuroloop.bench.firmware.broker import Broker
from neuroloop.bench.firmware.line import Line
from neuroloop.bench.firmware.robot import Robot as Firmware
from neuroloop.bench.firmware.robot import config
from neuroloop.bench.firmware.urgent import urgent
from neuroloop.core import robot_protocol as protocol
from neuroloop.core.black_box import Records
from neuroloop.drill import judge
from neuroloop.drill.board import bridge
from neuroloop.drill.board.keys import BRAIN, HOST, NAME, PANEL, PASSWORD_VARIABLE, Keys
from neuroloop.drill.board.relay import Relay
from neuroloop.drill.board.scheduling import Waits
from neuroloop.drill.board.witness import Witness
from neuroloop.drill.robot import FOLDER, Robot

RUN_FILE = FOLDER / "board" / "board.toml"
_PRIORITY, _SENSOR_PRIORITY = 48, 46
"""of SCHED_FIFO: for the firmware, because a board has its processor for itself, and for the sensor
of the brain"""


@dataclass
class Board:
    """Everything at hand; made by `started`."""

    folder: Path
    keys: Keys
    broker: Broker
    firmware: Firmware
    witness: Witness
    relay: Relay
    """a way to the broker that can be cut for the brain"""
    cuts_ns: list[int] = field(default_factory=list)
    """when the power was cut"""
    waits: list[Waits] = field(default_factory=list)
    """of each process that was the firmware; the newest last"""

    remote = True

    def __post_init__(self) -> None:
        self._read_before = 0
        self._verdicts_before = self.witness.verdicts

    # what it did

    def attend(self, worker: int) -> None:
        """Let the brain's sensor be punctual: a brain that sees nothing stops the robot as well."""
        urgent(worker, _SENSOR_PRIORITY)

    def leave_behind(self) -> None:
        """Take down what the H-bridge did, and how often each verdict was given so far."""
        self._read_before = self.trace.stat().st_size
        self._verdicts_before = self.witness.verdicts

    def box(self, began_ns: int) -> Records:
        """Return what the firmware did to its H-bridge since a drill began."""
        now_ns = time.monotonic_ns()
        with self.trace.open("rb") as file:
            file.seek(self._read_before)
            trace = file.read().decode("ascii")
        box = bridge.records(trace, [t_ns for t_ns in self.cuts_ns if t_ns >= began_ns], now_ns)
        if len(box):
            box["verdicts"][-1] = self.witness.verdicts - self._verdicts_before
        return box

    def gap_ms(self, begin_ns: int, end_ns: int) -> float:
        """Return the longest time that the firmware waited for a core."""
        return max(waits.longest_ms(begin_ns, end_ns) for waits in self.waits)

    def words(self, box: Records) -> list[str]:
        """Return what robot and broker say."""
        body, lines = self.witness.body, [f"robot: {line}" for line in judge.refusals(box)]
        if self.stopped:
            lines.append("robot: emergency stop")
        if body is not None and body.flags & (protocol.AWAKE | protocol.SYNCED) == protocol.SYNCED:
            silent_ms = (body.t_us + body.offset_us - body.sent_us) / 1e3
            stopped = "its watchdog stopped the wheels"
            lines.append(f"robot: no command for {silent_ms:.0f} ms: {stopped}")
        return [*lines, f"broker: the brain is {self.witness.status or 'unknown'}"]

    # its brain

    @property
    def changes(self) -> list[str]:
        """Settings of the brain's run file: how it reaches the broker."""
        tls = f'{{ca_file="{self.keys.authority()}"}}'
        password = f'{{env="{PASSWORD_VARIABLE}"}}'
        broker = {"host": f'"{HOST}"', "port": self.broker.tls_port, "user": f'"{BRAIN}"'}
        broker |= {"password": password, "tls": tls}
        return [f"actuator.wheels.broker.{name}={value}" for name, value in broker.items()]

    @property
    def environment(self) -> dict[str, str]:
        """What the brain's password is."""
        return {PASSWORD_VARIABLE: self.keys.login(BRAIN)[1]}

    # the board

    @property
    def trace(self) -> Path:
        """What the H-bridge did."""
        return Path(self.firmware.settings["files"]["trace"])

    @property
    def button(self) -> Path:
        """The emergency button: while the file is there it is pressed."""
        return Path(self.firmware.settings["files"]["button"])

    def switch_on(self) -> None:
        """Let the firmware start."""
        self.firmware.start()
        urgent(self.firmware.pid, _PRIORITY)
        self.waits.append(Waits(self.firmware.pid))
        self.waits[-1].__enter__()

    def switch_off(self) -> None:
        """Cut the power: no program, no motors."""
        self.firmware.kill()
        self.cuts_ns.append(time.monotonic_ns())

    def move(self, address: str, port: int, within: Sequence[str] = ()) -> None:
        """Switch the board off and on, with another way to the broker."""
        self.switch_off()
        self.firmware.settings["broker"].update(address=address, port=port)
        self.firmware.within = within
        self.switch_on()

    def home(self) -> None:
        """Switch it off and on, with the plain way to the broker."""
        self.move("127.0.0.1", self.broker.port)

    # people at the broker

    def reset(self) -> None:
        """End the emergency stop of the robot, as a person at a panel does."""
        body = self.witness.body
        if body is not None:
            said = {"who": "the drill", "boot": body.boot, "stop": body.stop}
            self.say(PANEL, protocol.RESET, json.dumps(said).encode())

    @property
    def stopped(self) -> bool:
        """Whether the robot says that it has an emergency stop."""
        body = self.witness.body
        return body is not None and bool(body.flags & protocol.EMERGENCY)

    @contextmanager
    def as_user(self, user: str) -> Iterator[Line]:
        """Let somebody log in at the broker."""
        login = self.keys.login(user)
        with Line(self.broker.port, f"drill-{user}", (), login) as line:
            yield line

    def say(self, user: str, name: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish something under a user's name."""
        with self.as_user(user) as line:
            line.send(protocol.topic(NAME, name), payload, retain=retain)


BoardRobot = Robot[Board]


@contextmanager
def started(folder: Path) -> Iterator[Board]:
    """Start broker, firmware and witness, with their files in ``folder/board``.

    The trace of the H-bridge is ``folder/trace``.
    """
    trace, folder = folder / "trace", folder / "board"
    folder.mkdir()
    trace.touch()
    keys = Keys(folder)
    keys.make()
    with Broker(folder, keys.lines()) as broker:
        settings = config(NAME, broker.port, folder)
        user, password = keys.login(NAME)
        settings["files"]["trace"] = str(trace)
        settings["broker"].update(user=user, password=password)
        # each command is one change of the H-bridge
        settings["body"].update(full_duty_mps=bridge.FULL_MPS, start_duty=0.0, p=0.0, i=0.0)
        with (
            Witness(broker.port, keys.login(PANEL)) as witness,
            Relay(broker.tls_port) as relay,
        ):
            board = Board(folder, keys, broker, Firmware(folder, settings), witness, relay)
            try:
                board.switch_on()
                yield board
            finally:
                board.firmware.kill()
                for waits in board.waits:
                    waits.__exit__(None, None, None)
