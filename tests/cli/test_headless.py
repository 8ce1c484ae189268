"""A live run as a service: what its manager hears of the process, what it loads and logs."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from neuroloop.cli._logging import Form, set_up
from neuroloop.network import Input, Network, Population, save

pytestmark = pytest.mark.real_time

LIVE = ["--set", "clock.kind=wall", "--set", "run.seconds=600", "--headless"]
PERIOD_US = 400_000
_PATIENCE_S = 120.0
NOT_ON_A_ROBOT = {"cv2", "matplotlib", "PIL", "pybullet", "sounddevice", "tkinter", "curses"}
# what was loaded, written down at the end of every Python that finds this file
LOADED = """\
import atexit, json, os, pathlib, sys
def write():
    place = pathlib.Path(os.environ["LOADED"], str(os.getpid()))
    place.write_text(json.dumps([sys.argv, sorted(sys.modules)]))
atexit.register(write)
"""
# a neuron whose thousandth tick takes a minute
STUCK = """\
import numpy as np
from msgspec import Struct
from neuroloop.core.kernel import entry
from neuroloop.core.native import now_ns, sleep_until_ns
from neuroloop.core.ports import Kernel
from neuroloop.engine.row import N, fire, state_f32

RECEPTORS = ("input",)

class Config(Struct, frozen=True, forbid_unknown_fields=True):
    pass

@entry
def step(arena, row):
    ticks = state_f32(arena, row, 0, row[N])
    ticks[0] += np.float32(1)
    if ticks[0] == 1000:
        sleep_until_ns(now_ns() + 60_000_000_000)
    fire(arena, row)

def build(config, cell):
    return Kernel(step, state={"ticks": np.zeros(cell.n, np.float32)})
"""
ROBOT = """\
[run]
seconds = 600.0
[clock]
kind = "wall"
[plant]
kind = "plane"
world = "empty"
[sensor.odometry]
kind = "plant.odometry"
latency_ms = 5
[encoder.speed]
kind = "rate"
input = "odometry"
scale = [1.0, 1.0]
[engine]
kind = "float"
network = "net.npz"
"""


class Service:
    """A run with a manager that listens."""

    def __init__(self, folder, *words, **variables):
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._line.bind(str(folder / "notify"))
        self.out, self.err = folder / "out", folder / "err"
        told = {"NOTIFY_SOCKET": str(folder / "notify"), "WATCHDOG_USEC": str(PERIOD_US)}
        with self.out.open("w") as out, self.err.open("w") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "neuroloop", "run", *words],
                env={**os.environ, **told, **variables},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    def hear(self, seconds=_PATIENCE_S):
        """Return the words of the next message, None where none comes."""
        self._line.settimeout(seconds)
        try:
            told = self._line.recv(4096).decode()
        except TimeoutError:
            return None
        return dict(row.split("=", 1) for row in told.splitlines())

    def last(self):
        """Return the words of the last message of a run that ends."""
        while "STOPPING" not in (told := self.hear()):
            assert "WATCHDOG" in told
        return told

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._line.close()


@pytest.fixture
def service(tmp_path):
    made = []

    def start(*words, **variables):
        made.append(Service(tmp_path, *words, **variables))
        return made[-1]

    yield start
    for one in made:
        one.close()


def test_the_manager_of_a_run_hears_of_its_first_tick_its_life_and_its_end(service):
    start_ns = time.monotonic_ns()
    run = service("navigate_by_hand", *LIVE)
    first = run.hear()
    assert first["READY"] == "1"
    assert start_ns < int(first["X_FIRST_TICK_NS"]) < time.monotonic_ns()

    began = time.monotonic()
    pings = [run.hear() for _ in range(6)]
    assert all(ping["WATCHDOG"] == "1" for ping in pings)
    # two a period at most, so six take three; one of them is spared for a slow machine
    assert time.monotonic() - began > 2 * PERIOD_US / 1e6

    run.process.send_signal(signal.SIGTERM)
    assert "ticks" in run.last()["STATUS"]
    assert run.process.wait(_PATIENCE_S) == 130
    assert "stopped by the user" in run.out.read_text()  # the report


def test_a_tick_that_stands_still_is_not_said_to_live(service, tmp_path):
    (tmp_path / "stuck.py").write_text(STUCK)
    (tmp_path / "robot.toml").write_text(ROBOT)
    network = Network((Input("speed", 4),), (Population("motor", 2, "./stuck.py"),), ())
    save(network, tmp_path / "net.npz")
    run = service(str(tmp_path / "robot.toml"), "--headless")
    assert run.hear()["READY"] == "1", run.err.read_text()
    # its thousandth tick is due after a second: five pings, and then nothing
    told = [run.hear(3 * PERIOD_US / 1e6) for _ in range(20)]
    assert told[-1] is None
    assert run.process.poll() is None, run.err.read_text()  # it is there, and silent


def test_a_headless_run_loads_no_display_camera_or_plot(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(LOADED)
    (tmp_path / "loaded").mkdir()
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    subprocess.run(
        [sys.executable, "-m", "neuroloop", "run", "navigate_by_hand", *LIVE, "--ticks", "20"],
        env={**os.environ, "PYTHONPATH": path, "LOADED": str(tmp_path / "loaded")},
        capture_output=True,
        check=False,
        timeout=_PATIENCE_S,
    )
    written = [json.loads(p.read_text()) for p in (tmp_path / "loaded").iterdir()]
    assert len(written) == 2  # the brain, and the process of the body
    for argv, modules in written:
        assert "numba" in modules, argv
        assert not NOT_ON_A_ROBOT.intersection(modules), argv
        assert "neuroloop.report.picture" not in modules, argv


def test_the_log_can_be_an_object_a_line(capsys):
    set_up(0, quiet=False, form=Form.JSON)
    import logging

    log = logging.getLogger("neuroloop.test")
    log.warning("sensor %s\nis silent", "lidar")
    try:
        float("no number")
    except ValueError:
        log.exception("a part failed")
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert first["level"] == "warning"
    assert first["logger"] == "neuroloop.test"
    assert first["message"] == "sensor lidar\nis silent"
    assert first["time"].endswith("+00:00")
    assert "trace" not in first
    assert second["level"] == "error"
    assert second["trace"].endswith("ValueError: could not convert string to float: 'no number'")


SAY = """\
import logging
from neuroloop.cli._logging import Form, set_up
set_up(2, quiet=False, form=Form.JSON)
log = logging.getLogger("neuroloop.test")
for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL):
    log.log(level, "of level %d" % level)
"""


def test_the_journal_is_told_the_priority_of_each_line(tmp_path):
    place = tmp_path / "journal"
    with place.open("w") as journal:
        found = os.fstat(journal.fileno())
        stream = f"{found.st_dev}:{found.st_ino}"
        for told in (stream, "1:1"):
            subprocess.run(
                [sys.executable, "-c", SAY],
                env={**os.environ, "JOURNAL_STREAM": told},
                stderr=journal,
                check=True,
            )
    lines = place.read_text().splitlines()
    assert [line[:3] for line in lines[:5]] == ["<7>", "<6>", "<4>", "<3>", "<2>"]
    assert [json.loads(line[3:])["message"] for line in lines[:5]] == [
        json.loads(line)["message"] for line in lines[5:]
    ]


def test_the_form_of_the_log_comes_from_the_environment_too(tmp_path):
    words = ["run", "navigate_by_hand", "--ticks", "1", "-q"]
    done = subprocess.run(
        [sys.executable, "-m", "neuroloop", *words],
        env={**os.environ, "NEUROLOOP_LOG": "xml"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "NEUROLOOP_LOG" in done.stderr
