"""What a service manager hears, and that it hears of life only where there is life."""

import os
import socket
import threading
from types import SimpleNamespace

import pytest

from neuroloop.runtime import notify
from neuroloop.runtime.notify import Manager, Notices, Pulse

pytestmark = pytest.mark.real_time

_PATIENCE_S = 30.0


class Line:
    """The manager's end of a notification socket."""

    def __init__(self, address):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        self.address = address

    def hear(self, seconds=_PATIENCE_S):
        """Return the words of the next message, None where none comes."""
        self._socket.settimeout(seconds)
        try:
            told = self._socket.recv(4096).decode()
        except TimeoutError:
            return None
        return dict(row.split("=", 1) for row in told.splitlines())

    def close(self):
        self._socket.close()


@pytest.fixture(params=["path", "abstract"])
def line(request, tmp_path):
    path = str(tmp_path / "notify")
    found = Line(path if request.param == "path" else f"@neuroloop-test-{os.getpid()}")
    yield found
    found.close()


def test_words_go_in_one_message_a_line_each(line):
    Manager(line.address).tell(READY=1, STATUS="two\nlines", X_MINE=7)
    assert line.hear() == {"READY": "1", "STATUS": "two lines", "X_MINE": "7"}


def test_a_manager_that_is_gone_does_not_end_the_run(tmp_path):
    Manager(str(tmp_path / "nobody")).tell(READY=1)


def _environment(monkeypatch, **variables):
    for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, str(value))
    return notify.manager()


def test_the_environment_names_the_manager(monkeypatch):
    assert _environment(monkeypatch) is None
    assert _environment(monkeypatch, NOTIFY_SOCKET="") is None
    assert _environment(monkeypatch, NOTIFY_SOCKET="vsock:2:1") is None
    assert _environment(monkeypatch, NOTIFY_SOCKET="@here") == Manager("@here", 0)
    watched = {"NOTIFY_SOCKET": "/run/n", "WATCHDOG_USEC": 5_000_000}
    assert _environment(monkeypatch, **watched) == Manager("/run/n", 5_000_000)
    assert _environment(monkeypatch, **watched, WATCHDOG_PID=os.getpid()).watchdog_us == 5_000_000
    assert _environment(monkeypatch, **watched, WATCHDOG_PID=os.getppid()).watchdog_us == 0


class Run:
    """Stands in for a live loop; its tick and its Python go on when they are told to."""

    def __init__(self):
        self.dt_us = 1000
        self.next_index = 100  # as of a run that was resumed
        self.tick = SimpleNamespace(first=100, index=0, missed=3, now_us=0)
        self.live = SimpleNamespace(tick=self.tick)

    def go(self, ticks=1, rounds=1):
        self.tick.index = max(self.tick.index, self.tick.first) + ticks
        self.next_index += rounds
        self.tick.now_us = 1000 * self.tick.index


def test_a_run_begins_with_its_first_tick_and_not_before():
    run = Run()
    pulse = Pulse(run)
    assert pulse.began_ns == 0
    run.tick.index = 100  # the thread is there, its first tick is not over
    assert pulse.began_ns == 0
    run.live.tick = None  # before the clock drives
    assert pulse.began_ns == 0
    run.live.tick = run.tick
    run.go()
    assert pulse.began_ns > 0


@pytest.mark.parametrize(("ticks", "rounds", "lives"), [(1, 1, True), (0, 1, False), (1, 0, False)])
def test_a_pulse_needs_ticks_and_python_alike(ticks, rounds, lives):
    run = Run()
    pulse = Pulse(run)
    run.go()
    assert pulse.beats()
    for _ in range(3):
        run.go(ticks, rounds)
        assert pulse.beats() is lives


def test_a_watched_run_is_ready_pings_while_it_lives_and_says_when_it_stops(line):
    run = Run()
    goes, over = threading.Event(), threading.Event()

    def alive():
        while not over.wait(1e-3):
            if goes.is_set():
                run.go()

    thread = threading.Thread(target=alive)
    thread.start()
    try:
        with Notices(run, Manager(line.address, watchdog_us=40_000)):
            assert line.hear(0.1) is None  # no tick yet
            goes.set()
            first = line.hear()
            assert first["READY"] == "1"
            assert int(first["X_FIRST_TICK_NS"]) > 0
            for _ in range(5):
                assert line.hear()["WATCHDOG"] == "1"
            goes.clear()
            while (told := line.hear(0.4)) is not None:
                assert "WATCHDOG" in told  # what was on its way when the tick stood still
            goes.set()
            assert line.hear()["WATCHDOG"] == "1"
    finally:
        over.set()
        thread.join()
    while "STOPPING" not in (told := line.hear()):
        assert "WATCHDOG" in told
    assert "3 missed" in told["STATUS"]


def test_the_last_word_says_what_ended_a_run(line):
    with pytest.raises(RuntimeError), Notices(Run(), Manager(line.address)):
        raise RuntimeError("the lidar is gone")
    told = line.hear()
    assert told["STOPPING"] == "1"
    assert "the lidar is gone" in told["STATUS"]


def test_a_run_by_the_step_clock_is_told_of_too(line, started):
    started(companions=lambda loop: [Notices(loop, Manager(line.address))])
    assert line.hear()["READY"] == "1"
