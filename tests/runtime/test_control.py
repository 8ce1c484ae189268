"""A running loop is reached through its socket, and nothing that comes in there hurts it."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neuroloop.core.errors import MachineError
from neuroloop.runtime import control_socket
from neuroloop.runtime.assemble import opened
from neuroloop.runtime.control import MOST_CONNECTIONS, Control
from neuroloop.runtime.control_socket import LINE_BYTES, ask
from neuroloop.runtime.control_verbs import answered

pytestmark = pytest.mark.real_time


@pytest.fixture(autouse=True)
def place(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("run")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    return folder / "neuroloop"


@pytest.fixture
def told(started):
    """Start a loop with a control socket; returns it and what asks it."""

    def start(*changes, **options):
        controls = []

        def companions(loop):
            controls.append(Control(loop, "robot", **options))
            return controls

        loop = started(*changes, companions=companions)
        return loop, lambda do, **more: ask(controls[0].path, {"do": do, **more}, 10.0)

    return start


def connected(path, timeout_s=10.0):
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(timeout_s)
    connection.connect(str(path))
    return connection


def path_of_the_only():
    (running,) = control_socket.running()
    return running.path


def _send_for_ever(connection):
    while True:
        connection.sendall(b"x" * LINE_BYTES)
        time.sleep(0.01)


# --- orders ---


def test_an_order_is_answered_by_what_happened(told):
    _, tell = told()
    assert tell("status")["guard"]["state"] == "armed"
    stopped = tell("stop", who="a test")
    assert stopped["ok"]
    assert stopped["answer"].startswith("emergency stop by a test at ")
    refused = tell("arm")
    assert (refused["ok"], refused["code"]) == (False, 1)
    assert "emergency stop by a test" in refused["error"]
    assert "reset it first" in refused["error"]
    assert tell("reset")["guard"]["state"] == "disarmed"
    assert tell("arm")["guard"]["state"] == "armed"
    assert tell("disarm")["guard"]["state"] == "disarmed"


def test_a_reset_of_what_is_no_emergency_is_not_called_done(told):
    _, tell = told()
    answer = tell("reset")
    assert not answer["ok"]
    assert "nothing came of it: armed since" in answer["error"]


def test_arming_names_the_sensor_that_stands_against_it(told):
    _, tell = told("sensor.ears.speaks=false", "guard.arm=manual")
    answer = tell("arm")
    assert not answer["ok"]
    assert answer["error"] == 'not armed: sensor "ears" silent'
    assert answer["guard"]["causes"] == ["silent"]


def test_status_says_what_a_person_wants_to_know(told):
    _, tell = told("guard.arm=start")
    tell("arm")
    status = tell("status")
    assert status["tick"] > 0
    assert status["run_s"] > 0
    assert status["missed_ticks"] == 0
    assert status["limits"]["wheels"] == {"left": 0.5, "right": 0.5}
    assert status["sensors"]["ears"] < 60


def test_end_ends_the_run(told):
    loop, tell = told()
    assert tell("end")["ok"]
    assert loop.episode.stop.asked


# --- parameters, steering, what only a live run can ---


def test_parameters_of_a_population_change(told):
    loop, tell = told()
    before = loop.program.arena["motor.params"].copy()
    assert tell("set", population="motor", parameters={"tau_m_ms": 77.0})["ok"]
    end = time.monotonic() + 10
    while (loop.program.arena["motor.params"] == before).all() and time.monotonic() < end:
        time.sleep(0.01)
    assert (loop.program.arena["motor.params"] != before).any()


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"do": "set", "population": "motr", "parameters": {"tau_m_ms": 1.0}}, '"motor"'),
        ({"do": "set", "population": "motor", "parameters": {"tau_m_ms": -1.0}}, "tau_m_ms"),
        ({"do": "set", "population": "motor"}, "needs a population"),
        ({"do": "steer", "limb": "legs", "values": [0, 0]}, "legs"),
        ({"do": "steer", "limb": "wheels", "values": [0]}, "2 finite numbers"),
        ({"do": "save", "path": "x"}, "only a live run"),
        ({"do": "swap", "network": "x"}, "only a live run"),
    ],
)
def test_what_cannot_be_is_refused_in_words(told, request_, words):
    _, tell = told()
    answer = tell(**request_)
    assert (answer["ok"], answer["code"]) == (False, 2)
    assert words in answer["error"]


def test_steering_reaches_the_motors(told):
    loop, tell = told()
    (_, values), *_ = loop.program.motions()[0]
    end = time.monotonic() + 10
    moved = 0.0
    while moved == 0.0 and time.monotonic() < end:
        assert tell("steer", limb="wheels", values=[0.25, 0.25])["ok"]
        moved = float(loop.outcome[values].view("float32")[0])
    assert moved > 0


# --- what is no request ---

JUNK = [
    b"\n",
    b"hello\n",
    b"[]\n",
    b"3\n",
    b'"arm"\n',
    b"{}\n",
    b'{"do": "fly"}\n',
    b'{"do": "arm", "now": true}\n',
    b'{"do": "arm", "who": "\\u001b[2J"}\n',
    b'{"do": "steer", "limb": "wheels", "values": [NaN, 0]}\n',
    b'{"do": "arm"\n',
    b"\xff\xfe\x00\n",
    b"[" * 10_000 + b"\n",
]


@pytest.mark.parametrize("line", JUNK)
def test_junk_is_answered_in_words_and_the_next_request_works(told, line):
    _, tell = told()
    with connected(path_of_the_only()) as connection, connection.makefile("rwb") as file:
        for sent in (line, b'{"do": "status"}\n'):
            file.write(sent)
            file.flush()
            answer = json.loads(file.readline())
            assert answer["ok"] is (sent != line)
            assert sent != line or answer["error"].startswith("no request: ")
    assert tell("status")["ok"]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=200))
def test_any_line_has_one_line_for_an_answer(robot, line):
    with opened(robot(), 1000) as loop:
        answer = asyncio.run(answered(loop, line))
    assert answer.endswith(b"\n")
    assert answer.count(b"\n") == 1
    assert json.loads(answer)["ok"] is False


def test_a_line_too_long_is_refused_and_the_next_request_works(told):
    told()
    with connected(path_of_the_only()) as connection, connection.makefile("rb") as file:
        connection.sendall(b"x" * (3 * LINE_BYTES) + b'\n{"do": "status"}\n')
        assert "longer than a line" in json.loads(file.readline())["error"]
        assert json.loads(file.readline())["ok"]


def test_a_line_that_never_ends_is_left(told):
    _, tell = told(idle_s=0.3)
    with connected(path_of_the_only()) as connection, pytest.raises(OSError, match=r"pipe|reset"):
        _send_for_ever(connection)
    assert tell("status")["ok"]


def test_a_request_without_a_newline_counts_when_its_sender_has_ended(told):
    told()
    with connected(path_of_the_only()) as connection:
        connection.sendall(b'{"do": "status"}')
        connection.shutdown(socket.SHUT_WR)
        with connection.makefile("rb") as file:
            assert json.loads(file.readline())["ok"]


def test_a_silent_connection_keeps_nobody_waiting_and_is_closed(told):
    _, tell = told(idle_s=0.3)
    with connected(path_of_the_only()) as silent:
        assert tell("status")["ok"]
        assert silent.recv(1) == b""
    assert tell("status")["ok"]


def test_there_are_only_so_many_connections(told):
    _, tell = told()
    path = control_socket.path_of("robot")
    held = [connected(path) for _ in range(MOST_CONNECTIONS)]
    for connection in held:  # they were all accepted
        connection.sendall(b'{"do": "status"}\n')
        assert connection.recv(1)
    with connected(path) as one_more:
        assert one_more.recv(1) == b""
    for connection in held:
        connection.close()
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            assert tell("status")["ok"]
            break
        except MachineError:  # those that were closed still count for a moment
            time.sleep(0.05)
    else:
        pytest.fail("no connection was taken any more")


# --- the folder ---


def test_only_its_user_may_enter(told, place):
    told()
    assert place.stat().st_mode & 0o777 == 0o700
    assert path_of_the_only().stat().st_mode & 0o777 == 0o600


def test_nothing_is_left_behind(robot, place):
    with opened(robot(), 1000) as loop, Control(loop, "robot") as control:
        assert control.path.exists()
        assert [r.name for r in control_socket.running()] == ["robot"]
    assert list(place.iterdir()) == []
    assert control_socket.running() == []


def test_what_the_dead_left_behind_is_removed(place):
    control_socket.folder()
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left = place / f"old-{dead.pid}.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(left))
    mine = place / f"closed-{os.getpid()}.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(mine))
    assert control_socket.running() == []
    assert not left.exists()
    assert mine.exists()  # of a process that lives: it may be about to listen


def test_a_folder_that_others_may_enter_is_refused(place):
    place.mkdir(mode=0o755)
    place.chmod(0o755)
    with pytest.raises(MachineError, match="chmod 700"):
        control_socket.folder()


def test_a_link_in_place_of_the_folder_is_refused(place, tmp_path):
    place.symlink_to(tmp_path)
    with pytest.raises(MachineError, match="of this user alone"):
        control_socket.folder()


def test_a_path_too_long_for_a_socket_is_refused_in_words(place, tmp_path, monkeypatch):
    long = tmp_path / ("x" * 100)
    long.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(long))
    with pytest.raises(MachineError, match="shorter XDG_RUNTIME_DIR"):
        control_socket.path_of("robot")


def test_a_name_becomes_a_plain_file_name():
    assert control_socket.path_of("my robot/../é").name == f"my_robot_..__-{os.getpid()}.sock"


def test_two_loops_of_one_name_in_a_process_are_told_apart_in_words(robot):
    with opened(robot(), 1000) as loop, Control(loop, "robot"):
        with pytest.raises(MachineError, match="no control socket"):
            Control(loop, "robot").__enter__()
        assert [r.name for r in control_socket.running()] == ["robot"]


def test_nobody_listens(place):
    with pytest.raises(MachineError, match="is the run over"):
        ask(place / "robot-1.sock", {"do": "status"}, 1.0)
