"""A real Mosquitto on a free port of this machine, and a robot that is only its gate."""

import json
import os
import re
import shutil
import socket
import struct
import subprocess
import threading
import time
import zlib
from pathlib import Path

import pytest
from paho.mqtt.client import CallbackAPIVersion, Client, MQTTv5

from neuroloop.core import robot_protocol as p
from neuroloop.core.command import Gate, Verdict, command
from neuroloop.core.errors import ConfigError
from neuroloop.core.safety import State
from neuroloop.mqtt import connection

SHIPPED = Path(__file__).parents[2] / "configs" / "mosquitto"
PASSWORDS = {"rover1": "one", "rover2": "two", "brain-rover1": "three", "panel": "four"}
MOSQUITTO = shutil.which("mosquitto") or "/usr/sbin/mosquitto"


@pytest.fixture(name="until")
def _until():
    return until


def until(true, seconds=10.0):
    """Wait until something is true; returns it."""
    end = time.monotonic() + seconds
    while not (found := true()) and time.monotonic() < end:
        time.sleep(0.005)
    assert found, "it did not come about"
    return found


class Broker:
    """One Mosquitto; `start` again after `kill` takes the same port."""

    def __init__(self, folder, lines):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._file = folder / f"mosquitto-{self.port}.conf"
        text = "\n".join(lines).replace("{port}", str(self.port))
        self._file.write_text(text + "\n")
        self.log = folder / "mosquitto.log"
        self.process = None

    def start(self):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([MOSQUITTO, "-c", self._file], stdout=log, stderr=log)
        until(self._listens)

    def _listens(self):
        assert self.process.poll() is None, self.log.read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def mosquitto(tmp_path):
    """Start brokers with lines of configuration; ``{port}`` is a free one."""
    brokers = []

    def start(*lines):
        broker = Broker(tmp_path, lines or ("listener {port} 127.0.0.1", "allow_anonymous true"))
        brokers.append(broker)
        broker.start()
        return broker

    yield start
    for broker in brokers:
        broker.kill()


@pytest.fixture
def broker(mosquitto):
    return mosquitto()


@pytest.fixture
def impatient(monkeypatch):
    """Wait less long for a broker that is not there."""
    monkeypatch.setattr(connection, "START_S", 1.0)


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """The shipped configuration with certificates and passwords, made as its guide says."""
    folder = tmp_path_factory.mktemp("broker")
    for name in ("mosquitto.conf", "acl"):
        (folder / name).write_text((SHIPPED / name).read_text())
    block = re.search(r"```sh\n(mkdir.*?)```", (SHIPPED / "README.md").read_text(), re.S).group(1)
    *certificates, users = block.strip().splitlines()
    assert len(certificates) == 5
    assert "mosquitto_passwd passwords" in users
    for line in certificates:
        here = line.replace("robot-broker.lan", "localhost")
        subprocess.run(here, shell=True, cwd=folder, check=True, capture_output=True)
    (folder / "passwords").touch()
    for user, password in PASSWORDS.items():
        subprocess.run(
            ["mosquitto_passwd", "-b", "passwords", user, password],
            cwd=folder,
            check=True,
            capture_output=True,
        )
    other = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=x -keyout x.key -out other.crt"
    other += " && openssl x509 -in other.crt -outform DER -out other.der"
    subprocess.run(other, shell=True, cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture
def guarded(folder, mosquitto):
    """The shipped configuration, running on a free port of this machine."""
    text = (folder / "mosquitto.conf").read_text()
    text = text.replace("listener 8883", "listener {port} 127.0.0.1")
    for word in ("cafile", "certfile", "keyfile", "password_file", "acl_file"):
        text = re.sub(rf"^{word} ", f"{word} {folder}/", text, flags=re.M)
    root = ["user root"] if os.geteuid() == 0 else []
    return mosquitto(*text.splitlines(), *root)


class Peer:
    """Anybody at a broker: keeps what it hears."""

    def __init__(self, port, *topics, user=None, password=None):
        self.heard = []
        self._subscribed = threading.Event()
        self.client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
        if user:
            self.client.username_pw_set(user, password)
        self.client.on_message = self.hear
        if topics:
            self.client.on_connect = lambda client, *_: client.subscribe([(t, 1) for t in topics])
        self.client.on_subscribe = lambda *_: self._subscribed.set()
        self.client.reconnect_delay_set(0.1, 0.2)
        self.client.connect("127.0.0.1", port, 10)
        self.client.loop_start()
        if topics:
            assert self._subscribed.wait(10)

    def hear(self, client, data, message):
        self.heard.append((message.topic, message.payload, message))

    def payloads(self, topic):
        return [payload for t, payload, _ in list(self.heard) if t == topic]

    def say(self, topic, payload, qos=1, retain=False):
        text = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self.client.publish(topic, text, qos, retain).wait_for_publish(10)

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


def sealed(message):
    return message + struct.pack("<I", zlib.crc32(message))


@pytest.fixture(name="body_message")
def _body_message():
    return body_message


def body_message(**said):
    """A robot's word on itself; what is not said is 0."""
    names = ("flags", "boot", "t_us", "owner", "sequence", "offset_us", "uncertainty_us")
    head = [said.get(name, 0) for name in names]
    counts = said.get("counts", (0,) * 6)
    return sealed(struct.pack(p.BODY_LAYOUT, p.VERSION, *head, 0, 0, 0.0, 0.0, *counts))


class Robot(Peer):
    """A robot's radio and gate; its clock began an hour before the brain's."""

    AHEAD_US = 3_600_000_000
    WATCHDOG_NS = 1_000_000_000

    def __init__(self, port, name, **login):
        self.name, self.gate = name, Gate(2, self.WATCHDOG_NS)
        self.flags, self.mute = 0, False
        self.offset_us, self.raw, self.commands, self.notices = None, [], [], 0
        self._number, self._end = 0, threading.Event()
        super().__init__(port, *(p.topic(name, t) for t in p.TO_ROBOT), **login)
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()

    @property
    def now_us(self):
        return time.monotonic_ns() // 1000 + self.AHEAD_US

    def publish(self, name, payload, retain=False):
        self.client.publish(p.topic(self.name, name), payload, 0, retain)

    def hear(self, client, data, message):
        super().hear(client, data, message)
        name = message.topic.split("/", 3)[3]
        if name == p.DRIVE:
            self._drive(message)
        elif name == p.CLOCK_ANSWER:
            _, _, _, asked, heard, sent = struct.unpack(p.ANSWER_LAYOUT, message.payload[:-4])
            self.offset_us = ((heard - asked) + (sent - self.now_us)) // 2

    def _drive(self, message):
        whole = message.payload[:-4]
        assert message.payload == sealed(whole)
        self.raw.append(message)
        _, n, power, owner, sequence, sent_us = struct.unpack_from(p.DRIVE_LAYOUT, whole)
        values = struct.unpack_from(f"<{n}f", whole, p.DRIVE_HEAD + p.VALID_BYTES)
        if message.retain or self.offset_us is None:
            return
        sent_ns = 1000 * (sent_us - self.offset_us)
        words = command(owner, sequence, sent_ns, values, power=bool(power & p.POWER))
        verdict = self.gate.command(words, 1000 * self.now_us)
        self.commands.append((verdict, owner, sequence, values, sent_us))
        if verdict is not Verdict.TAKEN and self.notices < 10:
            self.notices += 1
            told = {"verdict": p.VERDICTS[verdict], "owner": owner, "held_by": self.gate.owner}
            self.publish(p.NOTICE, json.dumps(told))

    def taken(self):
        return [c for c in list(self.commands) if c[0] is Verdict.TAKEN]

    def _live(self):
        while not self._end.wait(0.05):
            if self.offset_us is None:
                self._number += 1
                ask = struct.pack(p.ASK_LAYOUT, p.VERSION, 7, self._number, self.now_us)
                self.publish(p.CLOCK_ASK, sealed(ask))
            if not self.mute:
                self.publish(p.BODY, self.body())

    def body(self):
        flags = self.flags | (p.SYNCED if self.offset_us is not None else 0)
        if self.gate.awake(1000 * self.now_us):
            flags |= p.AWAKE | p.HELD
        return body_message(
            flags=flags,
            boot=7,
            t_us=self.now_us,
            owner=self.gate.owner,
            sequence=max(self.gate.sequence, 0),
            offset_us=self.offset_us or 0,
            counts=self.gate.counts,
        )

    def close(self):
        self._end.set()
        self._thread.join()
        super().close()


@pytest.fixture
def peer(broker):
    """Anybody at the broker."""
    peers = []

    def make(*topics, port=None, **login):
        peers.append(Peer(port or broker.port, *topics, **login))
        return peers[-1]

    yield make
    for one in peers:
        one.close()


@pytest.fixture
def robots(broker):
    """Make robots by name."""
    there = []

    def make(name, port=None, **login):
        there.append(Robot(port or broker.port, name, **login))
        return there[-1]

    yield make
    for one in there:
        one.close()


@pytest.fixture
def robot(robots):
    """A robot called rover1."""
    return robots("rover1")


@pytest.fixture
def guards():
    """What stands for the guard: it keeps what it is told."""

    class Guard:
        def __init__(self):
            self.orders, self.steered, self.now = [], [], State.ARMED

        def give(self, order, who):
            self.orders.append((order, who))

        def steer(self, values):
            if len(values) != 2:
                raise ConfigError("two numbers")
            self.steered.append(values)

        def state(self):
            return self.now

        def text(self):
            return self.now.name.lower()

    return Guard
