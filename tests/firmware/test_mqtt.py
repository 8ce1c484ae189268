"""The firmware's MQTT client in MicroPython against a broker that behaves as each test wants."""

import os
import socket
import struct
import subprocess
import sys

import pytest

from neuroloop.bench.firmware.robot import firmware_folder, micropython

pytestmark = pytest.mark.real_time

pytest.importorskip(
    "micropython_unix", reason="MicroPython for Linux is a wheel for Python 3.11 on x86-64 alone"
)

SCRIPT = """
import sys
import time
from mqtt import Client

broker = {"address": "127.0.0.1", "port": int(sys.argv[1]), "keep_alive_s": 1}
client = Client(broker, "me", ("will", b"gone"), [("to/me", 1), ("end", 0)])
end = time.ticks_add(time.ticks_ms(), 20000)
why = ""
while time.ticks_diff(end, time.ticks_ms()) > 0:
    client.service(True)
    if client.fresh:
        client.fresh = False
        client.publish("hello", b"there", True)
    message = client.receive()
    if message is not None:
        topic, payload, retained = message
        if topic == b"end":
            break
        if payload == b"talk":
            for _ in range(20000):
                client.publish("chatter", bytes(1000))
        size = -1 if payload is None else len(payload)
        print("message", topic.decode(), size, sum(payload or b""), int(retained))
    if client.why != why:
        why = client.why
        print("left:", why)
    if message is None:
        client.wait(10)
print("skipped", client.skipped, "dropped", client.dropped, "connections", client.connections)
"""
CONNACK, SUBACK, PINGRESP = b"\x20\x03\x00\x00\x00", b"\x90\x05\x00\x01\x00\x01\x00", b"\xd0\x00"


def varint(size):
    found = bytearray()
    while True:
        found.append(size & 127 | (128 if size > 127 else 0))
        size >>= 7
        if not size:
            return bytes(found)


def publish(topic, payload, *, qos=0, identity=5, retain=0, properties=b""):
    body = struct.pack(">H", len(topic)) + topic
    body += struct.pack(">H", identity) if qos else b""
    body += varint(len(properties)) + properties + payload
    return bytes((0x30 | qos << 1 | retain,)) + varint(len(body)) + body


END = publish(b"end", b"")


class Host:
    """A broker for one client: the test says what it does."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(10)
        self.client = None

    def start(self, folder):
        port = str(self.listener.getsockname()[1])
        script = folder / "client.py"
        script.write_text(SCRIPT)
        command = [*micropython(), "-X", "heapsize=160k", str(script), port]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "MICROPYPATH": str(firmware_folder())},
            text=True,
        )

    def accept(self):
        """Take the next connection up to its subscription."""
        last, self.client = self.client, self.listener.accept()[0]
        if last is not None:
            last.close()
        self.client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.client.settimeout(10)
        connect = self.packet()
        self.client.sendall(CONNACK)
        subscribe = self.packet()
        self.client.sendall(SUBACK)
        return connect, subscribe

    def packet(self):
        head = self.exactly(1)
        size = shift = 0
        while True:
            (byte,) = self.exactly(1)
            size |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return head + self.exactly(size)

    def acknowledgement(self):
        """Return the next one, whatever else it sends before."""
        while (packet := self.packet())[0] != 0x40:
            pass
        return packet[1:]

    def exactly(self, count):
        found = b""
        while len(found) < count:
            part = self.client.recv(count - len(found))
            assert part, "the client has gone"
            found += part
        return found

    def end(self):
        """Send the client its last message; returns the lines it printed."""
        self.client.sendall(END)
        return self.process.stdout.read().splitlines()

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.listener.close()
        if self.client is not None:
            self.client.close()


@pytest.fixture
def host(tmp_path):
    found = Host()
    found.start(tmp_path)
    yield found
    found.close()


def test_it_starts_clean_with_a_will_and_wants_to_see_retain_flags(host):
    connect, subscribe = host.accept()
    # packet type, MQTT 5, clean start and a will that is retained with QoS 1, 1 s, no longer than
    # 4096 bytes
    assert connect[:10] == b"\x10\x00\x04MQTT\x05\x2e\x00"
    assert connect[10:17] == b"\x01\x05\x27\x00\x00\x10\x00"
    assert connect[17:] == b"\x00\x02me\x00\x00\x04will\x00\x04gone"
    assert subscribe == b"\x82\x00\x01\x00\x00\x05to/me\x09\x00\x03end\x08"
    assert host.packet() == b"\x33\x00\x05hello\x00\x01\x00there"
    assert host.end()[-1] == "skipped 0 dropped 0 connections 1"


def test_packets_that_come_byte_by_byte_are_put_together(host):
    host.accept()
    expiry = b"\x02\x00\x00\x00\x01"
    for byte in publish(b"to/me", b"\x01\x02", qos=1, retain=1, properties=expiry) + PINGRESP:
        host.client.sendall(bytes((byte,)))
    assert host.acknowledgement() == b"\x00\x05"
    assert host.end()[0] == "message to/me 2 3 1"


def test_many_packets_in_one_piece_are_taken_apart(host):
    host.accept()
    sizes = [0, 1, 500, 120, 130, 2000, 3, 1500, 1500, 7]
    host.client.sendall(b"".join(publish(b"to/me", b"\x01" * n) for n in sizes))
    lines = host.end()
    assert lines[:-1] == [f"message to/me {n} {n} 0" for n in sizes]


@pytest.mark.parametrize("size", [2048, 5000, 300_000])
def test_what_is_too_long_is_acknowledged_and_skipped(host, size):
    host.accept()
    host.client.sendall(publish(b"to/me", bytes(size), qos=1, identity=9))
    host.client.sendall(publish(b"to/me", b"\x04"))
    assert host.acknowledgement() == b"\x00\x09"
    lines = host.end()
    assert lines[:2] == ["message to/me -1 0 0", "message to/me 1 4 0"]
    assert lines[-1] == "skipped 1 dropped 0 connections 1"


@pytest.mark.parametrize(
    ("packet", "why"),
    [
        (b"\x30\xff\xff\xff\xff\x01", "a length of more than four bytes"),
        (b"\x30\x03\x00\x09a", "wrong length"),
        (b"\x30\x02\xff\xff", "wrong length"),
        (b"\x32\x05\x00\x01a\x00\x05", "wrong length"),
        (b"\x30\x05\x00\x01a\x09\x00", "wrong length"),
        (b"\x62\x02\x00\x01", "nobody asked for"),
        (b"\xd0\xff\x7f" + bytes(16383), "too long"),
        (b"\xe0\x01\x8e", "sends us away: 0x8e"),
        (b"", "closed the connection"),
    ],
)
def test_a_broker_that_makes_no_sense_is_left_and_tried_again(host, packet, why):
    host.accept()
    host.client.sendall(packet)
    if not packet:
        host.client.shutdown(socket.SHUT_WR)
    host.accept()
    lines = host.end()
    assert why in lines[0]
    assert lines[-1].endswith("connections 2")


@pytest.mark.parametrize(
    ("connack", "suback", "why"),
    [
        (b"\x20\x03\x00\x87\x00", SUBACK, "refuses us: 0x87"),
        (CONNACK, b"\x90\x05\x00\x01\x00\x01\x87", "refuses a subscription"),
    ],
)
def test_a_refusal_is_said_and_tried_again(host, monkeypatch, connack, suback, why):
    monkeypatch.setattr(sys.modules[__name__], "CONNACK", connack)
    monkeypatch.setattr(sys.modules[__name__], "SUBACK", suback)
    if connack[3]:
        with pytest.raises(AssertionError, match="has gone"):
            host.accept()
    else:
        host.accept()
    monkeypatch.undo()
    host.accept()
    assert why in host.end()[0]


def test_a_silent_broker_is_asked_and_then_left(host):
    host.accept()
    host.packet()  # its own message
    assert host.packet() == b"\xc0"
    host.accept()
    assert "silent" in host.end()[0]


def test_a_broker_that_does_not_read_blocks_nothing(host):
    host.accept()
    host.client.sendall(publish(b"to/me", b"talk"))
    # it goes on while nobody reads: most of 20 MB fits nowhere
    host.client.sendall(publish(b"to/me", b"\x02"))
    host.client.sendall(END)
    lines = host.process.stdout.read().splitlines()
    words = lines[-1].split()
    assert "message to/me 1 2 0" in lines
    assert int(words[words.index("dropped") + 1]) > 1000
    assert words[-1] == "1"
