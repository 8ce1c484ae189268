"""A whole brain in a process of its own drives the firmware, and is killed."""

import os
import signal
import subprocess
import sys
import time

import pytest

from neuroloop.core import robot_protocol as protocol

pytestmark = pytest.mark.real_time

RUN = """
[run]
seconds = 600
[clock]
kind = "wall"
[guard]
arm = "start"
[sensor.wheels]
kind = "mqtt.odometry"
robot = "rover"
silent_ms = 5000
latency_ms = 5
[sensor.wheels.broker]
port = {port}
[encoder.wheels]
kind = "rate"
input = "wheels"
scale = [1.0, 1.0, 1.0, 1.0]
[engine]
kind = "float"
network = "nets.py:build"
[decoder.motors]
kind = "linear"
input = "motor"
weights = [[0.0, 0.0], [0.0, 0.0]]
offset = [0.2, 0.1]
[actuator.motors]
kind = "mqtt"
robot = "rover"
[actuator.motors.broker]
port = {port}
"""
NETS = """
from neuroloop.network import Input, Network, Population, Projection, all_to_all

def build():
    return Network(
        (Input("wheels", 8),),
        (Population("motor", 2, "lif"),),
        (Projection("wheels", "motor", all_to_all(8, 2, 0.1)),),
    )
"""


@pytest.fixture
def brain(robot, broker, tmp_path):
    (tmp_path / "nets.py").write_text(NETS)
    (tmp_path / "robot.toml").write_text(RUN.format(port=broker.port))
    command = [sys.executable, "-m", "neuroloop", "run", str(tmp_path / "robot.toml")]
    with (tmp_path / "brain").open("wb") as said:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            cwd=tmp_path,
            start_new_session=True,
        )
    yield process
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_a_brain_drives_and_its_death_stops_the_wheels(brain, pilots, bridge, tmp_path):
    witness = pilots(answers=False)
    until = time.monotonic() + 60
    while not any(left > 0.2 for _, left, _ in bridge()):
        assert time.monotonic() < until, (tmp_path / "brain").read_text()
        assert brain.poll() is None, (tmp_path / "brain").read_text()
        time.sleep(0.05)
    witness.wait(lambda: witness.body and witness.body.left_mps == pytest.approx(0.2))
    assert witness.body.right_mps == pytest.approx(0.1)
    witness.wait(lambda: witness.body.verdicts[protocol.TAKEN] > 50)
    os.killpg(brain.pid, signal.SIGKILL)
    witness.wait(lambda: not witness.flag(protocol.AWAKE))
    assert bridge()[-1][1:] == (0.0, 0.0)
