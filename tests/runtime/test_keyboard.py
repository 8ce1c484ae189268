"""Keys of a real (pseudo) terminal reach a running loop, and the terminal is as it was after it."""

import os
import pty
import select
import signal
import sys
import termios
import time

import pytest

from neuroloop.core.errors import ConfigError
from neuroloop.runtime import told
from neuroloop.runtime.assemble import opened
from neuroloop.runtime.keyboard import Keyboard
from neuroloop.runtime.said import said

pytestmark = pytest.mark.real_time


@pytest.fixture
def terminal():
    """Both ends of a pseudo terminal: what a person types into, what a program reads."""
    person, program = os.openpty()
    yield person, program
    os.close(person)
    os.close(program)


@pytest.fixture
def typed(terminal, started):
    """Start a loop with a keyboard; returns the loop, what was shown, and what types."""
    shown = []
    loop = started(companions=lambda loop: [Keyboard(loop, terminal[1], shown.append)])
    return loop, shown, lambda keys: os.write(terminal[0], keys)


def until(condition):
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.005)
    return False


def state(loop):
    return said(loop)["state"]


def test_orders_are_given_and_what_came_of_them_is_shown(typed):
    loop, shown, keys = typed
    assert until(lambda: state(loop) == "armed")
    keys(b"x")
    assert until(lambda: state(loop) == "disarmed")
    keys(b"e")
    assert until(lambda: state(loop) == "armed")
    keys(b" ")
    assert until(lambda: state(loop) == "emergency")
    keys(b"e")
    assert until(lambda: any("reset it first" in text for text in shown))
    keys(b"r")
    assert until(lambda: state(loop) == "disarmed")
    assert any("emergency stop by keyboard at" in text for text in shown)


def test_a_space_comes_before_all_that_was_typed_before_it(typed):
    loop, _, keys = typed
    assert until(lambda: state(loop) == "armed")
    keys(b"exexex w")
    assert until(lambda: state(loop) == "emergency")


def test_an_emergency_stop_waits_for_no_other_order(typed, monkeypatch):
    loop, shown, keys = typed
    monkeypatch.setattr(told, "PATIENCE_S", 3600.0)
    assert until(lambda: state(loop) == "armed")
    keys(b"r")  # of what is no emergency: nothing comes of it for an hour
    time.sleep(0.2)  # a key of its own, not one of the same piece
    keys(b" ")
    assert until(lambda: state(loop) == "emergency")
    assert until(lambda: any("emergency stop by keyboard" in text for text in shown))


def test_arrows_steer_for_a_moment_then_the_robot_stands_then_the_network_drives(
    typed, monkeypatch
):
    loop, _, keys = typed
    sent = []
    monkeypatch.setattr(loop.orders, "steer", lambda *given: sent.append(given))
    keys(b"\x1b[A")
    assert until(lambda: sent)
    keys(b"\x1b[A\x1b[D")
    assert until(lambda: len(sent) >= 3)
    assert [limb for limb, _, _ in sent[:3]] == ["wheels"] * 3
    wheels = [values for _, values, _ in sent[:3]]
    assert wheels == [pytest.approx(pair) for pair in ((0.05, 0.05), (0.1, 0.1), (0.05, 0.15))]
    assert until(lambda: sent[-1][1] == (0.0, 0.0))
    before = 0
    while len(sent) != before:  # it stands; after a while nothing is sent any more
        before = len(sent)
        time.sleep(0.8)
    keys(b"\x1b[A")
    assert until(lambda: len(sent) > before)
    assert sent[before][1] == pytest.approx((0.05, 0.05))  # begun anew


def test_n_hands_back_to_the_network_at_once(typed, monkeypatch):
    loop, _, keys = typed
    sent = []
    monkeypatch.setattr(loop.orders, "steer", lambda *given: sent.append(given))
    keys(b"wn")
    assert until(lambda: len(sent) == 2)
    assert sent[1][2] < -200_000  # a command so old that it has expired


def test_steering_moves_the_wheels(typed):
    loop, _, keys = typed
    (_, values), *_ = loop.program.motions()[0]
    assert until(lambda: keys(b"w") and loop.outcome[values].view("float32")[0] > 0)


def test_q_ends_the_run_and_question_mark_helps(typed):
    loop, shown, keys = typed
    keys(b"?")
    assert until(lambda: any("emergency stop" in text and "arm:" in text for text in shown))
    keys(b"q")
    assert until(lambda: loop.episode.stop.asked)


def test_keys_come_singly_and_unseen_and_afterwards_all_is_as_it_was(robot, terminal):
    before = termios.tcgetattr(terminal[1])
    with opened(robot(), 1000) as loop, Keyboard(loop, terminal[1], lambda _: None):
        during = termios.tcgetattr(terminal[1])
        assert not during[3] & (termios.ECHO | termios.ICANON)
        assert during[3] & termios.ISIG  # Ctrl-C still counts
    assert termios.tcgetattr(terminal[1]) == before


def test_an_exception_leaves_the_terminal_as_it_was(robot, terminal):
    before = termios.tcgetattr(terminal[1])
    with opened(robot(), 1000) as loop:
        keyboard = Keyboard(loop, terminal[1], lambda _: None)
        with pytest.raises(RuntimeError, match="mid-run"), keyboard:
            raise RuntimeError("mid-run")
    assert termios.tcgetattr(terminal[1]) == before


def test_without_any_standard_input_it_is_refused_in_words(robot, monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    with opened(robot(), 1000) as loop, pytest.raises(ConfigError, match="no terminal"):
        Keyboard(loop).__enter__()


def test_what_is_no_terminal_is_refused_in_words(robot):
    read, write = os.pipe()
    with opened(robot(), 1000) as loop, pytest.raises(ConfigError, match="no terminal"):
        Keyboard(loop, read).__enter__()
    os.close(read)
    os.close(write)


@pytest.mark.slow
@pytest.mark.parametrize("end", ["q", signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_run_in_a_terminal_gives_it_back_however_it_ends(robot, end):
    run = robot().path
    child, terminal = pty.fork()
    if child == 0:
        words = ["neuroloop", "run", str(run), "--set", "clock.kind=wall", "--keys"]
        os.execv(sys.executable, [sys.executable, "-m", *words])
    before = termios.tcgetattr(terminal)
    seen = b""
    while b"space is the emergency stop" not in seen:
        seen += _read(terminal)
    assert termios.tcgetattr(terminal)[3] != before[3]
    if end == "q":
        os.write(terminal, b"q")
    else:
        os.kill(child, end)
    while b"fingerprint" not in seen:
        seen += _read(terminal)
    after = termios.tcgetattr(terminal)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.close(terminal)
    assert after == before
    assert ended == 130


def _read(terminal):
    ready, _, _ = select.select([terminal], [], [], 60)
    assert ready, "the run says nothing"
    return os.read(terminal, 4096)
