"""A live run whose robot is at a broker: what is said there reaches its guard, and back."""

import json
import struct
import threading
from zlib import crc32

import numpy as np
import pytest

from neuroloop.config import runfile
from neuroloop.core import robot_protocol as p
from neuroloop.core.errors import MachineError
from neuroloop.core.safety import State
from neuroloop.runtime.said import said, state_of
from neuroloop.runtime.session import played

pytestmark = pytest.mark.real_time

RUN = """
[clock]
kind = "wall"
[sensor.wheels]
kind = "mqtt.odometry"
robot = "rover1"
latency_ms = 5
silent_ms = 5000
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
offset = [0.2, 0.2]
[actuator.motors]
kind = "mqtt"
robot = "rover1"
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
def live(tmp_path, broker, until):
    """Start a live run at the broker, until the test is over; returns its loop."""
    (tmp_path / "nets.py").write_text(NETS)
    (tmp_path / "robot.toml").write_text(RUN.format(port=broker.port))
    ends = []

    def start(*changes):
        loops, failed = [], []

        def go():
            try:
                run = runfile.load(str(tmp_path / "robot.toml"), changes)
                with played(run, companions=lambda loop: loops.append(loop) or []):
                    pass
            except Exception as error:
                failed.append(error)

        thread = threading.Thread(target=go)
        thread.start()
        until(lambda: failed or (loops and loops[0].live.tick and loops[0].live.tick.index), 60)
        if failed:
            raise failed[0]
        ends.append((loops[0], thread))
        return loops[0]

    yield start
    for loop, thread in ends:
        loop.episode.stop.asked = True
        thread.join()


@pytest.fixture
def odometer(robot, until):
    """Let the robot tell how its wheels turn."""
    end, number = threading.Event(), iter(range(1, 100_000))

    def go():
        while not end.wait(0.02):
            head = (p.VERSION, 7, next(number), robot.now_us, 1.0, 1.0, 0.1, 0.1)
            whole = struct.pack(p.ODOMETRY_LAYOUT, *head)
            robot.publish(p.ODOMETRY, whole + struct.pack("<I", crc32(whole)))

    thread = threading.Thread(target=go)
    thread.start()
    yield
    end.set()
    thread.join()


def test_a_panel_arms_steers_and_stops_and_sees_what_comes_of_it(
    live, robot, odometer, peer, until
):
    loop = live()
    status = p.topic("rover1", p.BRAIN)
    panel = peer(status)

    def told(order):
        panel.say(p.topic("rover1", p.ORDER), {"order": order, "who": "a panel"})

    assert state_of(loop) is State.DISARMED
    assert robot.gate.wanted_now in ([], [0.0, 0.0])
    until(lambda: not said(loop)["against"])
    told("arm")
    until(lambda: state_of(loop) is State.ARMED)
    until(lambda: robot.gate.wanted_now == [np.float32(0.2)] * 2)

    def steered():
        panel.say(p.topic("rover1", p.STEER), {"values": [0.1, 0.1]}, 0)
        return robot.gate.wanted_now == [np.float32(0.1)] * 2

    until(steered)
    until(lambda: robot.gate.wanted_now == [np.float32(0.2)] * 2)  # it expires by itself
    told("stop")
    until(lambda: state_of(loop) is State.EMERGENCY)
    until(lambda: robot.gate.wanted_now == [0.0, 0.0])
    assert said(loop)["ended"]["text"] == "emergency stop by a panel"
    until(lambda: json.loads(panel.payloads(status)[-1])["state"] == "emergency")
    told("reset")
    until(lambda: state_of(loop) is State.DISARMED)


def test_an_emergency_stop_at_the_robot_is_one_here(live, robot, odometer, until):
    loop = live("guard.arm=start")
    until(lambda: state_of(loop) is State.ARMED)
    robot.flags = p.EMERGENCY
    until(lambda: state_of(loop) is State.EMERGENCY)
    assert said(loop)["ended"]["text"] == 'emergency stop by robot "rover1"'


def test_a_robot_that_is_gone_stops_the_run_until_somebody_arms(
    live, robot, odometer, broker, until
):
    loop = live("guard.arm=start")
    until(lambda: state_of(loop) is State.ARMED)
    broker.kill()
    until(lambda: state_of(loop) in (State.STOPPED, State.OFF))
    assert said(loop)["ended"]["text"] == 'robot "rover1" failed'
    broker.start()
    before = len(robot.commands)
    until(lambda: not said(loop)["against"], 20)
    assert state_of(loop) in (State.STOPPED, State.OFF)
    until(lambda: len(robot.commands) > before)
    assert all(not any(values) for *_, values, _ in robot.commands[before:])


def test_odometry_enters_the_run_with_the_robots_stamps(live, robot, odometer, until):
    loop = live()
    wheels = loop.sources[0]
    until(lambda: wheels.readings > 20)
    age_us = loop.live.tick.now_us - wheels.newest_us
    assert 0 < age_us < 1_000_000


def test_a_sensor_may_have_a_process_of_its_own(live, robot, odometer, until):
    loop = live("sensor.wheels.process=true")
    (host,) = loop.live.hosts
    until(lambda: host.ages()["wheels"][0] > 20, 30)
    until(lambda: not said(loop)["against"])


@pytest.mark.usefixtures("impatient")
def test_a_run_without_its_broker_does_not_begin(live, broker):
    broker.kill()
    with pytest.raises(MachineError, match=r"sensor.wheels.*: no MQTT broker at 127.0.0.1"):
        live()
