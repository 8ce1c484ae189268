"""The loop of the robot: watchdog first, then wheels, then network."""

import gc
import os
import struct

import messages
import protocol
from clock import Clock, Offset
from drive import Drive
from gate import Gate
from mqtt import Client
from odometry import Odometry
from protocol import topic
from reports import LAST_WILL, Every, Reports

CHANNELS = 2
CONTROL_US = 4000
"""250 steps of the speed controller a second"""
MOST_WATCHDOG_MS = 1000
MOST_MESSAGES = 16
"""in one pass: however many come, the watchdog and the wheels have their turn"""


class Robot:
    """One robot on one board, see ``board_unix.py`` for what a board has to offer."""

    def __init__(self, config: dict, board: object) -> None:
        body, name = config["body"], config["robot"]
        if not 0 < body["watchdog_ms"] <= MOST_WATCHDOG_MS:
            raise ValueError(f"config.json: body.watchdog_ms must be 1 to {MOST_WATCHDOG_MS}")
        boot = struct.unpack("<I", os.urandom(4))[0] | 1
        self._board, self._echo, self._boot = board, config.get("echo", False), boot
        self._pressed = False
        self._clock, self._offset = Clock(), Offset(boot)
        self._gate = Gate(CHANNELS, 1000 * body["watchdog_ms"])
        self._drive = Drive(body)
        self._wheels = Odometry(body["wheel_radius_m"], body["ticks_per_turn"])
        hears = {
            protocol.DRIVE: (0, self._on_drive),
            protocol.DRIVE_JSON: (0, self._on_drive_json),
            protocol.STOP: (1, self._on_stop),
            protocol.RESET: (1, self._on_reset),
            protocol.CLOCK_ANSWER: (0, self._on_clock),
        }
        self._hears = {topic(name, what).encode(): do for what, (_, do) in hears.items()}
        self._client = Client(
            config["broker"],
            f"robot-{name}",
            (topic(name, protocol.BIRTH), LAST_WILL),
            [(topic(name, what), qos) for what, (qos, _) in hears.items()],
        )
        self._reports = Reports(self._client, config, boot)
        self._control = Every(CONTROL_US)
        self._controlled_us = self._slowest_us = 0
        self._console = Every(1000000 * config["console_s"]) if config["console_s"] else None

    def forever(self) -> None:
        """Run until something raises; then the motors are off."""
        try:
            while True:
                self.step()
        finally:
            self._board.motors(0.0, 0.0)

    def step(self) -> None:
        """Do one pass of the loop; it takes at most a few milliseconds."""
        now_us = self._clock.now_us()
        self._guard(now_us)
        if self._control.due(now_us):
            self._turn(now_us)
        full = self._listen(now_us)
        self._tell(now_us)
        self._board.feed()
        done_us = self._clock.now_us()
        self._slowest_us = max(self._slowest_us, done_us - now_us)
        if not full:
            self._client.wait((max(0, self._control.next_us - done_us) + 999) // 1000)

    def _guard(self, now_us: int) -> None:
        """Take the speeds that are allowed now to the motors: zero where nobody commands."""
        was_pressed, self._pressed = self._pressed, self._board.emergency()
        if self._pressed and not (was_pressed and self._gate.emergency):
            self._gate.stop()  # each press is a stop of its own
        self._drive.want(self._gate.wanted(now_us))
        self._board.motors(*self._drive.duty())

    def _turn(self, now_us: int) -> None:
        """Compare what the wheels do with what they should do."""
        left, right = self._board.encoders()
        self._wheels.step(left, right, now_us)
        dt_s = min(now_us - self._controlled_us, 4 * CONTROL_US) * 1e-6
        self._controlled_us = now_us
        self._drive.step(self._wheels.left_mps, self._wheels.right_mps, dt_s)

    def _listen(self, now_us: int) -> bool:
        """Take messages; whether there may be more."""
        # connecting may take a few milliseconds more than else: only while the wheels stand
        self._client.service(not self._gate.awake(now_us) and self._board.online())
        for _ in range(MOST_MESSAGES):
            message = self._client.receive()
            if message is None:
                return False
            what, payload, retained = message
            if payload is not None and len(payload) > protocol.MOST_MESSAGE_BYTES:
                payload = None
            do = self._hears.get(what)
            if do is not None:
                do(payload, retained)
        return True

    def _tell(self, now_us: int) -> None:
        if self._client.fresh:
            self._client.fresh = False
            self._reports.birth()
        if self._client.online():
            question = self._offset.question(self._clock.now_us())
            if question is not None:
                self._reports.question(question)
            self._say_body(now_us, False)
            self._reports.odometry(self._wheels, now_us)
            self._reports.range(self._board.range_m, now_us)
        if self._console is not None and self._console.due(now_us):
            gc.collect()
            facts = self._client.connections, self._client.dropped, self._client.skipped
            print("free", gc.mem_free(), "slowest_us", self._slowest_us, "connections", *facts)
            self._slowest_us = 0

    def _say_body(self, now_us: int, ask: bool) -> None:
        self._reports.body(self._gate, self._drive, self._offset.known(now_us), now_us, ask)

    def _on_drive(self, payload: bytes, retained: bool) -> None:
        self._command(payload, retained, messages.drive)

    def _on_drive_json(self, payload: bytes, retained: bool) -> None:
        self._command(payload, retained, messages.drive_json)

    def _command(self, payload: bytes, retained: bool, read: object) -> None:
        now_us = self._clock.now_us()
        # what a broker kept, and what is too long, is as good as unreadable
        command = None if retained or payload is None else read(payload, CHANNELS)
        verdict = self._gate.command(command, now_us, *self._offset.known(now_us))
        if verdict == protocol.TAKEN:
            self._guard(now_us)
            if self._echo:
                self._say_body(now_us, True)
        else:
            self._reports.notice(verdict, command[0] if command else 0, self._gate, now_us)

    def _on_stop(self, payload: bytes, retained: bool) -> None:
        """Stop, whatever the message says: better once too often."""
        self._gate.stop()
        self._guard(self._clock.now_us())

    def _on_reset(self, payload: bytes, retained: bool) -> None:
        """End the newest emergency stop, where that is the one meant and no button is pressed."""
        meant = None if payload is None or retained else messages.reset(payload)
        if meant == (self._boot, self._gate.stops) and not self._board.emergency():
            self._gate.reset()
        else:
            self._reports.no_reset(self._gate, self._clock.now_us())

    def _on_clock(self, payload: bytes, retained: bool) -> None:
        if payload is not None and not retained:
            self._offset.heard(payload, self._clock.now_us())
