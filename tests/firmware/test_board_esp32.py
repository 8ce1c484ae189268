"""The ESP32's board with pins that only remember what was done to them."""

import importlib.util
import json
import sys
from types import ModuleType

import pytest

from neuroloop.bench.firmware.robot import firmware_folder

CONFIG = json.loads((firmware_folder() / "config.json").read_text())


class Pin:
    IN, OUT, PULL_UP = range(3)

    def __init__(self, number, mode=None, pull=None, value=None):
        self.number, self.pull, self.level = number, pull, value

    def value(self, *level):
        if level:
            self.level = level[0]
        return self.level


class PWM:
    def __init__(self, pin, freq, duty_u16):
        self.pin, self.freq, self.duty = pin, freq, duty_u16

    def duty_u16(self, duty):
        assert isinstance(duty, int)
        assert 0 <= duty <= 65535
        self.duty = duty


class Encoder:
    def __init__(self, number, a, b, phases):
        self.number, self.pins, self.phases = number, (a.number, b.number), phases

    def value(self):
        return 100 * self.number + self.phases


class ADC:
    ATTN_11DB = 3
    volts: dict[int, float] = {}  # noqa: RUF012

    def __init__(self, pin, atten):
        self.pin = pin.number

    def read_uv(self):
        return round(1e6 * self.volts[self.pin])


class WDT:
    made: list["WDT"] = []  # noqa: RUF012

    def __init__(self, timeout):
        self.timeout, self.fed = timeout, 0
        self.made.append(self)

    def feed(self):
        self.fed += 1


class WLAN:
    PM_NONE = 0
    up = False

    def __init__(self, interface):
        self.did = []

    def active(self, on):
        self.did.append(("active", on))

    def config(self, **what):
        self.did.append(("config", what))

    def connect(self, *who):
        self.did.append(("connect", who))

    def isconnected(self):
        return self.up


@pytest.fixture
def board(monkeypatch):
    machine, network = ModuleType("machine"), ModuleType("network")
    for kind in (Pin, PWM, Encoder, ADC, WDT):
        setattr(machine, kind.__name__, kind)
    network.WLAN, network.STA_IF = WLAN, 0
    monkeypatch.setitem(sys.modules, "machine", machine)
    monkeypatch.setitem(sys.modules, "network", network)
    monkeypatch.setattr(WDT, "made", [])
    path = firmware_folder() / "board_esp32.py"
    spec = importlib.util.spec_from_file_location("board_esp32", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Board(CONFIG)


def duties(board):
    return [pwm.duty for pwm in board._bridge]


def test_the_motors_are_off_first(board):
    assert [pwm.pin.number for pwm in board._bridge] == CONFIG["pins"]["motors"]
    assert duties(board) == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("left", "right", "found"),
    [
        (1.0, 0.0, [65535, 0, 0, 0]),
        (-1.0, 0.0, [0, 65535, 0, 0]),
        (0.5, -0.25, [32767, 0, 0, 16383]),
        (0.0, 0.0, [0, 0, 0, 0]),
    ],
)
def test_each_direction_has_its_input_and_the_light_shows_power(board, left, right, found):
    board.motors(0.9, 0.9)
    board.motors(left, right)
    assert duties(board) == found
    assert board._power_led.value() == any(found)


def test_encoders_are_counted_by_hardware_at_every_edge(board):
    assert [encoder.pins for encoder in board._encoders] == [(18, 19), (22, 23)]
    assert board.encoders() == (4, 104)


def test_distances_follow_the_curve_of_the_sensor(board):
    # typical output of a GP2Y0A21YK0F at 10, 20 and 80 cm (data sheet), and of nothing at all
    ADC.volts = {34: 2.3, 35: 1.3, 32: 0.42}
    assert board.range_m() == pytest.approx([0.10, 0.20, 0.80], rel=0.15)
    ADC.volts = {34: 0.1, 35: 0.3, 32: 0.0}
    assert board.range_m() == [float("inf")] * 3


def test_a_button_that_is_pressed_or_torn_off_stops(board):
    assert board._button.pull == Pin.PULL_UP
    board._button.level = 0
    assert not board.emergency()
    board._button.level = 1
    assert board.emergency()


def test_the_watchdog_starts_with_the_loop_and_is_fed(board):
    assert not WDT.made
    board.feed()
    board.feed()
    (dog,) = WDT.made
    assert (dog.timeout, dog.fed) == (CONFIG["reset_ms"], 2)


def test_the_radio_is_asked_once_and_the_light_shows_it(board, monkeypatch):
    assert board._wifi.did[-1] == ("connect", tuple(CONFIG["wifi"].values()))
    assert not board.online()
    assert not board._network_led.value()
    monkeypatch.setattr(WLAN, "up", True)
    assert board.online()
    assert board._network_led.value()
