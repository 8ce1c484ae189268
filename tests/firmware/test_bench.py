"""What the bench of the firmware does and says; no time is asserted."""

import json
import subprocess
import sys

import pytest

from neuroloop.bench.firmware import broker, echo, robot
from neuroloop.bench.firmware.trace import OnMotor, on_motor, speed
from neuroloop.core.errors import ConfigError, MachineError

pytestmark = pytest.mark.real_time


def trace(numbers):
    rows = [f"{i} {speed(n) / 0.5 if n is not None else 0:.6f} 0" for i, n in enumerate(numbers)]
    return "\n".join(rows)


@pytest.mark.parametrize(
    ("numbers", "sent", "found"),
    [
        ([None, *range(2500), None], 2500, OnMotor(0, 0)),
        ([0, 1, 3, 4], 5, OnMotor(1, 0)),
        ([0, 1, 2], 5, OnMotor(2, 0)),
        ([0, 1, 2, 1, 3], 4, OnMotor(0, 1)),
        ([0, 1, None, 2], 3, OnMotor(0, 0)),
        ([], 3, OnMotor(3, 0)),
    ],
)
def test_commands_are_found_in_a_trace(numbers, sent, found):
    assert on_motor(trace(numbers), sent) == found


@pytest.mark.parametrize("task", [echo.Task(rate_hz=0.1), echo.Task(rate_hz=1e6), echo.Task(0)])
def test_what_cannot_be_measured_is_refused(task):
    with pytest.raises(ConfigError, match="--"):
        echo.measure(task)


def test_a_missing_broker_is_said_in_words(monkeypatch):
    monkeypatch.setattr(broker.shutil, "which", lambda *_, **__: None)
    with pytest.raises(MachineError, match="apt-get install mosquitto"):
        broker.mosquitto()


def test_a_missing_micropython_is_said_in_words(monkeypatch):
    monkeypatch.setattr(robot.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MachineError, match="pip install"):
        robot.micropython()


def test_a_firmware_that_is_not_here_is_said_in_words(monkeypatch, tmp_path):
    monkeypatch.setattr(robot, "_PACKAGE", tmp_path)
    with pytest.raises(MachineError, match=r"main\.py"):
        robot.firmware_folder()


def bench(*options):
    pytest.importorskip(
        "micropython_unix", reason="MicroPython for Linux is a wheel for Python 3.11 on x86-64"
    )
    command = [sys.executable, "-m", "neuroloop", "bench", "firmware", "--commands", "60"]
    command += ["--rate-hz", "200", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_command_comes_back_and_reaches_the_motors_once():
    # a machine that stands still for longer than a command is valid makes commands late
    found = next(f for f in (json.loads(bench("--json")) for _ in range(5)) if not f["refused"])
    assert found["task"] == {"commands": 60, "rate_hz": 200.0}
    assert found["lost"] == found["taken_twice"] == 0
    assert found["motor"] == {"lost": 0, "twice": 0}
    assert 0 < found["p50_us"] <= found["p99_us"] <= found["p999_us"] <= found["max_us"]


def test_people_get_a_table():
    text = bench()
    assert "60 commands at 200 Hz" in text
    assert "p99.9" in text
