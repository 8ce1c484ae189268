"""The firmware behind the shipped broker: TLS, a password, an access list, and its brain."""

import importlib.util

import numpy as np
import pytest

from neuroloop.actuate import mqtt
from neuroloop.bench.firmware.robot import Robot, config
from neuroloop.core.ports import Site
from neuroloop.core.secret import Secret
from neuroloop.core.values import Motion
from neuroloop.mqtt.heard import now_us
from neuroloop.mqtt.settings import Broker, Tls

from .conftest import PASSWORDS

pytestmark = [
    pytest.mark.real_time,
    pytest.mark.skipif(
        importlib.util.find_spec("micropython_unix") is None,
        reason="MicroPython for Linux is a wheel for Python 3.11 on x86-64",
    ),
]


@pytest.fixture
def board(guarded, folder, tmp_path):
    """Return a function that switches a board on."""
    on = []

    def start(**changes):
        settings = config("rover1", guarded.port, tmp_path)
        login = {"user": "rover1", "password": PASSWORDS["rover1"], "name": "localhost"}
        broker = settings["broker"]
        broker.update(login, ca_file="certs/ca.der")
        broker.update(changes)
        if broker["ca_file"]:
            broker["ca_file"] = str(folder / broker["ca_file"])
        on.append(Robot(tmp_path, settings))
        on[-1].start()
        return on[-1]

    yield start
    for robot in on:
        robot.kill()


@pytest.fixture
def brain(guarded, folder, monkeypatch, tmp_path):
    monkeypatch.setenv("PASSWORD", PASSWORDS["brain-rover1"])
    tls = Tls(ca_file=str(folder / "certs" / "ca.crt"))
    broker = Broker("localhost", guarded.port, "brain-rover1", Secret(env="PASSWORD"), tls)
    made = mqtt.build(mqtt.Config("rover1", broker=broker), Site("wheels", 0, 1000, tmp_path))
    with made as actuator:
        yield actuator


def test_a_brain_drives_it_through_the_shipped_broker(board, brain, until, tmp_path):
    robot = board()

    def driven():
        brain.write(Motion(now_us(), np.float32([0.3, 0.3])))
        trace = tmp_path / "trace"
        rows = trace.read_text().splitlines() if trace.exists() else []
        return not brain.robot.trouble(now_us()) and any(" 0.000000" not in row for row in rows)

    until(driven, 20.0)
    until(lambda: "connections 1" in robot.console())
    free = int(robot.console().split("free ")[-1].split()[0])
    assert free > 160 * 1024 // 4


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ca_file": "other.der"}, "unknown ca"),
        ({"name": "somebody.else"}, "bad certificate"),
        ({"password": "wrong"}, "not authorised"),
        ({"ca_file": ""}, "wrong version number|http request|unsupported protocol|Protocol error"),
    ],
)
def test_what_does_not_fit_is_no_connection(board, brain, guarded, until, changes, said):
    robot = board(**changes)
    until(lambda: any(words in guarded.log.read_text() for words in said.split("|")), 20.0)
    assert robot.alive
    assert brain.robot.trouble(now_us()) == "has not been heard of"
