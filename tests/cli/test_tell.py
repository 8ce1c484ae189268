"""`tell` says the right thing to the right loop; the loop itself is a stand-in here."""

import json
import os
import socket
import threading

import pytest

from neuroloop.runtime import control_socket

pytestmark = pytest.mark.real_time

OK = {"ok": True, "code": 0, "answer": "done so"}


@pytest.fixture
def loops(tmp_path, monkeypatch):
    """Make stand-ins that note what they are asked and give one answer."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    listeners = []

    def make(*names, answer=OK):
        asked = {name: [] for name in names}
        for name in names:
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(str(control_socket.path_of(name)))
            listener.listen()
            listeners.append(listener)
            threading.Thread(target=serve, args=(listener, asked[name], answer)).start()
        return asked

    yield make
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def serve(listener, asked, answer):
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection, connection.makefile("rwb") as file:
            line = file.readline()
            if line:
                asked.append(json.loads(line))
                file.write(json.dumps(answer).encode() + b"\n")


@pytest.mark.parametrize(
    ("words", "request_"),
    [
        (["arm"], {"do": "arm"}),
        (["stop"], {"do": "stop"}),
        (["set", "motor.tau_m_ms=20", "motor.reset=zero"], None),
        (["steer", "wheels=0.2,-0.2"], {"do": "steer", "limb": "wheels", "values": [0.2, -0.2]}),
        (["swap", "nets.py:other"], {"do": "swap", "network": "nets.py:other"}),
    ],
)
def test_words_become_a_request(command, loops, words, request_):
    asked = loops("rover")
    assert command("tell", *words)[:2] == (0, "done so\n")
    parameters = {"tau_m_ms": 20, "reset": "zero"}
    request_ = request_ or {"do": "set", "population": "motor", "parameters": parameters}
    assert asked["rover"] == [{**request_, "who": "tell"}]


def test_files_are_named_as_they_are_seen_from_here(command, loops, tmp_path, monkeypatch):
    asked = loops("rover")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.npz").touch()
    command("tell", "save", "out.state")
    command("tell", "swap", "net.npz")
    saved, swapped = asked["rover"]
    assert saved["path"] == str(tmp_path / "out.state")
    assert swapped["network"] == str(tmp_path / "net.npz")


def test_of_several_loops_one_has_to_be_named(command, loops):
    asked = loops("rover", "lawn mower")
    code, _, err = command("tell", "stop")
    assert code == 2
    assert f"lawn_mower-{os.getpid()}, rover-{os.getpid()}" in err
    assert command("tell", "rover", "stop")[0] == 0
    assert command("tell", f"rover-{os.getpid()}", "disarm")[0] == 0
    assert [request["do"] for request in asked["rover"]] == ["stop", "disarm"]
    assert asked["lawn mower"] == []


def test_a_name_that_no_loop_has_is_refused(command, loops):
    loops("rover")
    code, _, err = command("tell", "rovr", "arm")
    assert code == 2
    assert 'did you mean "rover"' in err


def test_where_nothing_runs_that_is_said(command, loops):
    loops()
    code, _, err = command("tell", "status")
    assert code == 4
    assert "no live run" in err


def test_what_was_not_obeyed_is_an_error_with_its_code(command, loops):
    answer = {"ok": False, "code": 1, "error": 'not armed: sensor "lidar" silent'}
    loops("rover", answer=answer)
    code, out, err = command("tell", "arm")
    assert (code, out) == (1, "")
    assert err == 'rover: not armed: sensor "lidar" silent\n'
    code, out, _ = command("tell", "arm", "--json")
    assert (code, json.loads(out)) == (1, answer)


def test_status_is_shown_in_lines(command, loops):
    status = {
        "run_s": 12.5,
        "tick": 12500,
        "missed_ticks": 3,
        "guard": {"stops": 1, "refused": 2},
        "limits": {"wheels": {"left": 0.5, "right": 0.5}, "ahead_mps": None, "behind_mps": 0.1},
        "sensors": {"lidar": 0.031, "bumper": None},
    }
    loops("rover", answer={**OK, **status})
    _, out, _ = command("tell", "status")
    for words in (
        "12.50 s",
        "3 ticks",
        "left 0.5 m/s",
        "behind_mps 0.1",
        "lidar, 31 ms",
        "nothing",
    ):
        assert words in out


def test_steering_goes_on_for_as_long_as_asked(command, loops):
    asked = loops("rover")
    assert command("tell", "steer", "wheels=0.1,0.1", "--seconds", 0.3)[0] == 0
    assert len(asked["rover"]) > 2


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["fly"], "known: arm"),
        (["rover", "stpo"], 'did you mean "stop"'),
        (["rover"], "no verb"),
        (["arm", "now"], "nothing else"),
        (["set"], "POPULATION.PARAMETER=VALUE"),
        (["set", "tau_m_ms=3"], "is no setting"),
        (["set", "a.x=1", "b.x=1"], "one population at a time"),
        (["steer", "wheels=fast"], "LIMB=VALUE,VALUE"),
        (["steer", "0.1", "0.1"], "LIMB=VALUE,VALUE"),
        (["save"], "FILE"),
    ],
)
def test_wrong_words_are_refused_with_the_right_ones(command, loops, words, hint):
    asked = loops("rover")
    code, _, err = command("tell", *words)
    assert code == 2
    assert hint in err
    assert asked["rover"] == []
