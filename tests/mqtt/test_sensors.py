"""What comes over MQTT becomes readings: stamped, counted, in order, and nothing else does."""

import json
import struct
import time
from zlib import crc32

import msgspec
import numpy as np
import pytest

from neuroloop.config import resolve
from neuroloop.core import robot_protocol as p
from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Site
from neuroloop.core.values import Ranges, Scalars
from neuroloop.mqtt.heard import Message
from neuroloop.testing.ports import check_source, check_spec
from sensors._run_time import RunTime
from sensors.mqtt._clock import RobotClock

pytestmark = pytest.mark.real_time

SETTINGS = {
    "mqtt.odometry": {"robot": "rover1"},
    "mqtt.range": {"robot": "rover1", "bearing_deg": [30.0, 0.0, -30.0], "max_m": 4.0},
    "mqtt.scalars": {"topic": "room/air", "labels": ["degrees", "humidity"]},
}
NUMBERS = ("number", "boot", "t_us")


def odometry(number, t_us=0, boot=7, wheels=(1.5, 2.5, 0.2, 0.4)):
    return sealed(struct.pack(p.ODOMETRY_LAYOUT, p.VERSION, boot, number, t_us, *wheels))


def scan(number, metres, t_us=0, boot=7):
    head = struct.pack(p.RANGE_LAYOUT, p.VERSION, len(metres), boot, number, t_us)
    return sealed(head + struct.pack(f"<{len(metres)}f", *metres))


def sealed(message):
    return message + struct.pack("<I", crc32(message))


@pytest.fixture
def sensors(broker, tmp_path):
    """Open sensors; their run time begins with the first."""
    open_ones = []

    def make(kind, **settings):
        module = resolve.module("sensor", kind, tmp_path, "here")
        given = SETTINGS[kind] | settings | {"broker": {"port": broker.port}}
        config = msgspec.convert(given, module.Config)
        sensor = module.build(config, Site("it", 0, 1000, tmp_path))
        open_ones.append(sensor)
        return Reader(sensor.__enter__())

    yield make
    for one in open_ones:
        one.__exit__(None, None, None)


class Reader:
    """Reads a sensor in real time, as a live run does."""

    def __init__(self, sensor):
        self.sensor, self.readings = sensor, []
        self._start_us = time.monotonic_ns() // 1000 - 1

    @property
    def now_us(self):
        return time.monotonic_ns() // 1000 - self._start_us

    def read(self):
        until_us = self.now_us
        found = self.sensor.read(until_us)
        assert all(r.t_us < until_us for r in found)
        self.readings += found
        return self.readings


def test_all_kinds_are_found():
    assert set(SETTINGS) <= set(resolve.kinds("sensor"))


@pytest.mark.parametrize("kind", SETTINGS)
def test_it_says_what_it_yields(kind, sensors):
    spec = sensors(kind).sensor.spec
    check_spec(spec)
    assert (spec.name, spec.stamped_by) == ("it", "arrival")


@pytest.mark.parametrize("kind", SETTINGS)
def test_it_keeps_the_promises_of_a_sensor(kind, sensors, peer, until):
    sensor, robot = sensors(kind).sensor, peer()
    sensor.read(1)
    for payload in GOODS[kind]:
        robot.say(TOPICS[kind], payload, 0)
    until(lambda: len(sensor._waiting) == len(GOODS[kind]))
    assert check_source(sensor, seconds=0.25) == len(GOODS[kind])


def test_odometry_is_of_the_body(sensors, peer, until):
    wheels, robot = sensors("mqtt.odometry"), peer()
    wheels.read()
    robot.say(p.topic("rover1", p.ODOMETRY), odometry(1), 0)
    (reading,) = until(wheels.read)
    assert isinstance(reading, Scalars)
    np.testing.assert_allclose(reading.values, [0.3, 0.2 / 0.23, 1.5, 2.5], rtol=1e-6)


def test_a_scan_looks_where_the_settings_say(sensors, peer, until):
    finder, robot = sensors("mqtt.range"), peer()
    finder.read()
    robot.say(p.topic("rover1", p.RANGE), scan(1, [1.0, float("nan"), float("inf")]), 0)
    (reading,) = until(finder.read)
    assert isinstance(reading, Ranges)
    np.testing.assert_array_equal(reading.metres, np.float32([1.0, np.nan, np.inf]))
    np.testing.assert_allclose(np.degrees(reading.bearing_rad), [30, 0, -30], atol=1e-4)
    assert (finder.sensor.spec.low, finder.sensor.spec.high) == (0.0, 4.0)


def test_a_large_scan_passes(sensors, peer, until):
    finder, robot = sensors("mqtt.range", bearing_deg=[], beams=p.MOST_BEAMS), peer()
    finder.read()
    robot.say(p.topic("rover1", p.RANGE), scan(1, [2.0] * p.MOST_BEAMS), 0)
    (reading,) = until(finder.read)
    assert reading.metres.shape == (p.MOST_BEAMS,)


def test_json_of_anybody_becomes_numbers(sensors, peer, until):
    air, thermometer = sensors("mqtt.scalars"), peer()
    air.read()
    thermometer.say("room/air", {"humidity": 40, "degrees": 21.5, "battery": "low"})
    (reading,) = until(air.read)
    assert reading.values.tolist() == [21.5, 40.0]


def test_json_that_is_one_number_is_the_only_label(sensors, peer, until):
    air, thermometer = sensors("mqtt.scalars", labels=["degrees"]), peer()
    air.read()
    thermometer.say("room/air", b"21.5")
    (reading,) = until(air.read)
    assert reading.values.tolist() == [21.5]


def test_readings_are_stamped_by_the_robots_clock_once_that_is_known(
    sensors, peer, body_message, until
):
    wheels, robot = sensors("mqtt.odometry"), peer()
    wheels.read()
    robot_us = 5_000_000
    offset_us = time.monotonic_ns() // 1000 - robot_us
    known = body_message(flags=p.SYNCED, boot=7, offset_us=offset_us)
    robot.say(p.topic("rover1", p.BODY), known, 0)
    until(lambda: wheels.sensor.spec.stamped_by == "device")
    until(lambda: wheels.now_us > 600_000)
    at_us = wheels.now_us
    t_us = time.monotonic_ns() // 1000 - offset_us - 500_000  # half a second ago
    robot.say(p.topic("rover1", p.ODOMETRY), odometry(1, t_us), 0)
    (reading,) = until(wheels.read)
    assert abs(reading.t_us - (at_us - 500_000)) < 200_000


def test_json_of_a_robot_is_stamped_by_its_clock(sensors, peer, body_message, until):
    goal = sensors("mqtt.scalars", robot="rover1", topic="state/goal", labels=["bearing_rad"])
    robot = peer()
    goal.read()
    offset_us = time.monotonic_ns() // 1000 - 5_000_000
    robot.say(p.topic("rover1", p.BODY), body_message(flags=p.SYNCED, offset_us=offset_us), 0)
    until(lambda: goal.sensor.spec.stamped_by == "device")
    until(lambda: goal.now_us > 600_000)
    at_us = goal.now_us
    t_us = time.monotonic_ns() // 1000 - offset_us - 500_000
    robot.say(p.topic("rover1", "state/goal"), {"t_us": t_us, "bearing_rad": 0.5})
    (reading,) = until(goal.read)
    assert abs(reading.t_us - (at_us - 500_000)) < 200_000


def test_lost_messages_are_counted_and_old_ones_ignored(sensors, peer, until, caplog):
    wheels, robot = sensors("mqtt.odometry"), peer()
    wheels.read()
    for number in (1, 2, 5, 5, 3, 6):
        robot.say(p.topic("rover1", p.ODOMETRY), odometry(number), 0)
    until(lambda: len(wheels.read()) == 4)
    assert wheels.sensor.lost == 2
    assert "2 messages or more on nl/2/rover1/state/odometry were lost" in caplog.text


def test_a_robot_that_was_switched_on_anew_is_noticed_and_counts_anew(sensors, peer, until, caplog):
    wheels, robot = sensors("mqtt.odometry"), peer()
    wheels.read()
    robot.say(p.topic("rover1", p.ODOMETRY), odometry(900, boot=7), 0)
    robot.say(p.topic("rover1", p.ODOMETRY), odometry(1, boot=8), 0)
    until(lambda: len(wheels.read()) == 2)
    assert wheels.sensor.lost == 0
    assert "switched on anew" in caplog.text


GARBAGE = {
    "mqtt.odometry": [
        b"",
        b"x" * 41,
        odometry(1)[:-1] + b"\0",
        odometry(1) + b"\0",
        bytes([p.VERSION + 1]) + odometry(1)[1:],
        odometry(1, wheels=(float("nan"), 0, 0, 0)),
        b"y" * 100_000,
    ],
    "mqtt.range": [
        scan(1, [1.0, 2.0]),
        scan(1, []),
        scan(1, [1.0, -1.0, 1.0]),
        scan(1, [1.0] * 3)[:-4],
        struct.pack("<BH", 1, 65535) + b"z" * 40,
        b"\1",
    ],
    "mqtt.scalars": [
        b"",
        b"21.5",
        b"[1, 2]",
        b'{"degrees": 1}',
        b'{"degrees": "1", "humidity": 1}',
        b'{"degrees": true, "humidity": 1}',
        b'{"degrees": 1e39, "humidity": 1}',
        b'{"degrees": NaN, "humidity": 1}',
        b'{"degrees": 1, "humidity": 1' + b" " * 5000 + b"}",
        b"[" * 4000,
        b"\xff\xfe",
    ],
}
GOOD = {
    "mqtt.odometry": odometry(2),
    "mqtt.range": scan(2, [1.0, 1.0, 1.0]),
    "mqtt.scalars": json.dumps({"degrees": 1, "humidity": 1}).encode(),
}
GOODS = {
    "mqtt.odometry": [odometry(k) for k in range(1, 6)],
    "mqtt.range": [scan(k, [1.0, np.inf, np.nan]) for k in range(1, 6)],
    "mqtt.scalars": [json.dumps({"degrees": k, "humidity": 1}).encode() for k in range(5)],
}
TOPICS = {
    "mqtt.odometry": p.topic("rover1", p.ODOMETRY),
    "mqtt.range": p.topic("rover1", p.RANGE),
    "mqtt.scalars": "room/air",
}


@pytest.mark.parametrize("kind", SETTINGS)
def test_what_is_no_reading_is_refused_and_counted(kind, sensors, peer, until, caplog):
    sensor, robot = sensors(kind), peer()
    sensor.read()
    for payload in [*GARBAGE[kind], GOOD[kind]]:
        robot.say(TOPICS[kind], payload)
    (reading,) = until(sensor.read)
    assert reading.t_us >= 0
    assert sensor.sensor.refused == len(GARBAGE[kind])
    assert "were none that it could read" in caplog.text


@pytest.mark.parametrize("kind", SETTINGS)
def test_what_the_broker_kept_from_before_is_no_reading(kind, sensors, peer, until):
    robot = peer()
    robot.say(TOPICS[kind], GOOD[kind], retain=True)
    sensor = sensors(kind)
    until(lambda: sensor.sensor.refused == 1)
    assert sensor.read() == []


def test_more_than_can_wait_is_counted_as_lost(sensors, peer, until):
    wheels, robot = sensors("mqtt.odometry"), peer()
    wheels.read()
    for number in range(1, 1101):
        robot.client.publish(p.topic("rover1", p.ODOMETRY), odometry(number), 0)
    until(lambda: wheels.sensor.lost == 100)
    assert len(wheels.read()) == 1000


def test_a_sensor_goes_on_after_the_broker_came_back(sensors, broker, peer, until):
    wheels, robot = sensors("mqtt.odometry"), peer()
    wheels.read()
    broker.kill()
    time.sleep(0.1)
    broker.start()
    numbers = iter(range(1, 1000))

    def heard():
        robot.client.publish(p.topic("rover1", p.ODOMETRY), odometry(next(numbers)), 0)
        time.sleep(0.02)
        return wheels.read()

    until(heard)


@pytest.mark.parametrize(
    ("kind", "settings", "words"),
    [
        ("mqtt.range", {"beams": 3}, "either `bearing_deg`, or `beams`"),
        ("mqtt.range", {"bearing_deg": []}, "either `bearing_deg`, or `beams`"),
        ("mqtt.range", {"bearing_deg": [float("inf")]}, "angles"),
        ("mqtt.range", {"min_m": 9.0}, "min_m 9.0 is not below max_m 4.0"),
        ("mqtt.scalars", {"labels": ["a", "a"]}, "twice"),
        ("mqtt.scalars", {"low": 2.0, "high": 1.0}, "low 2.0 is not below high 1.0"),
        ("mqtt.odometry", {"body": "rovr"}, 'did you mean "rover"'),
    ],
)
def test_impossible_settings_are_refused_in_words(kind, settings, words, tmp_path):
    module = resolve.module("sensor", kind, tmp_path, "here")
    config = msgspec.convert(SETTINGS[kind] | settings, module.Config)
    with pytest.raises(ConfigError, match=words):
        module.build(config, Site("it", 0, 1000, tmp_path))


@pytest.mark.parametrize("robot", ["", "a/b", "+", "#", "$SYS", "a\n", "x" * 65])
def test_a_name_that_is_no_level_of_a_topic_is_refused(robot, tmp_path):
    module = resolve.module("sensor", "mqtt.odometry", tmp_path, "here")
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"robot": robot}, module.Config)


# --- clocks ---


def body_at(body_message, arrived_us=0, **said):
    return Message("", body_message(**said), retained=False, arrived_us=arrived_us)


def test_a_clock_of_another_boot_or_another_brain_is_not_believed(body_message):
    clock = RobotClock()
    assert clock.stamp(100, 7, 5_000) == 5_000
    clock.hear(body_at(body_message, boot=7, offset_us=1_000))
    assert clock.stamp(100, 7, 5_000) == 5_000  # not compared yet
    clock.hear(body_at(body_message, flags=p.SYNCED, boot=7, offset_us=1_000))
    assert clock.stamp(100, 7, 5_000) == 1_100
    assert clock.stamp(100, 8, 5_000) == 5_000  # switched on anew since
    assert clock.stamp(9_000, 7, 5_000) == 5_000  # nothing comes before it happened
    clock.hear(body_at(body_message, flags=p.SYNCED, boot=7, offset_us=-(10**12)))
    assert clock.stamp(100, 7, 5_000) == 5_000  # compared with a clock of another machine


def test_run_time_begins_where_the_promptest_read_says():
    run = RunTime()
    assert run.read(0, 950) is None  # the run has not begun
    assert run.read(100, 1_105) == 1_005
    assert run.read(200, 1_200) == 1_000
    assert run.read(300, 1_390) == 1_000
