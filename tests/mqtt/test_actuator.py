"""What the actuator sends, to whom, and what it tells the guard, at a real broker."""

import json
import socket
import struct
import threading
import time
import zlib
from pathlib import Path

import numpy as np
import pytest

from neuroloop.actuate import mqtt
from neuroloop.core import robot_protocol as p
from neuroloop.core.command import Verdict
from neuroloop.core.ports import Site
from neuroloop.core.safety import Order, State
from neuroloop.core.values import Motion
from neuroloop.mqtt.settings import Broker
from neuroloop.testing.ports import check_actuator

pytestmark = pytest.mark.real_time

WHO = 'robot "rover1"'


@pytest.fixture
def wheels(broker):
    """Open actuators; each writes its `motion` a thousand times a second while it has one."""
    open_ones = []

    def make(guard=None, **settings):
        at = settings.pop("broker", None) or Broker(port=broker.port)
        config = mqtt.Config("rover1", broker=at, **settings)
        actuator = mqtt.build(config, Site("wheels", 0, 1000, Path())).__enter__()
        if guard is not None:
            actuator.use_guard(guard)
        driver = Driver(actuator)
        open_ones.append(driver)
        return driver

    yield make
    for one in open_ones:
        one.close()


class Driver:
    def __init__(self, actuator):
        self.actuator, self.motion = actuator, None
        self._start_ns = time.monotonic_ns()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._drive, daemon=True)
        self._thread.start()

    def _drive(self):
        while not self._end.wait(0.001):
            if self.motion is not None:
                t_us = (time.monotonic_ns() - self._start_ns) // 1000
                self.actuator.write(Motion(t_us, np.float32(self.motion)))

    def pause(self):
        self._end.set()
        self._thread.join()

    def close(self):
        self.pause()
        self.actuator.__exit__(None, None, None)


# --- commands ---


def test_commands_arrive_in_order_with_the_bytes_of_the_protocol(wheels, robot, until):
    driver = wheels(valid_ms=150)
    for k in range(1, 6):
        driver.motion = [0.1 * k, -0.1 * k]
        until(lambda k=k: robot.taken() and robot.taken()[-1][3][0] == np.float32(0.1 * k))

    driver.pause()
    sequence = [struct.unpack_from("<I", m.payload, 8)[0] for m in robot.raw]
    assert sequence == list(range(len(sequence)))
    assert len({c[1] for c in robot.commands}) == 1
    message = robot.raw[-1]
    owner, sent_us = robot.commands[-1][1], robot.commands[-1][4]
    whole = struct.pack(
        "<BBHIIQHff", p.VERSION, 2, p.POWER, owner, sequence[-1], sent_us, 150, 0.5, -0.5
    )
    assert message.payload == whole + struct.pack("<I", zlib.crc32(whole))
    assert (message.qos, message.retain) == (0, False)
    assert message.properties.MessageExpiryInterval == 1
    assert {c[0] for c in robot.commands} == {Verdict.TAKEN}


def test_the_newest_motion_wins_and_no_more_are_sent_than_asked_for(wheels, robot, until):
    driver = wheels(rate_hz=50)
    driver.motion = [0.1, 0.1]
    until(lambda: len(robot.raw) > 25)

    sent_us = np.array([struct.unpack_from("<Q", m.payload, 12)[0] for m in robot.raw])
    assert (sent_us[-1] - sent_us[0]) / (len(sent_us) - 1) >= 18_000


def test_stop_commands_zero(wheels, robot, until):
    driver = wheels()
    driver.motion = [0.3, 0.3]
    until(lambda: robot.taken() and robot.gate.wanted_now[0] > 0)
    driver.pause()
    driver.actuator.stop()

    until(lambda: [c[3] for c in robot.taken()[-3:]] == [(0.0, 0.0)] * 3)
    assert robot.gate.wanted_now == [0.0, 0.0]


def test_what_is_no_number_is_never_sent(wheels, robot, until):
    driver = wheels()
    driver.motion = [float("nan"), 0.0]
    time.sleep(0.2)
    driver.motion = [0.1, 0.1]
    until(robot.taken)

    assert robot.commands[0][3] == (np.float32(0.1), np.float32(0.1))


def test_nothing_that_was_wanted_without_a_broker_is_sent_later(wheels, robot, broker, until):
    driver = wheels()
    driver.motion = [0.1, 0.0]
    until(lambda: len(robot.taken()) > 10)
    broker.kill()
    driver.motion = [0.9, 0.9]  # wanted while nobody can hear it
    until(lambda: not driver.actuator._connection.open)
    time.sleep(0.1)
    driver.motion = [0.2, 0.2]
    time.sleep(0.02)
    back_us = time.monotonic_ns() // 1000
    before = len(robot.commands)
    broker.start()

    until(lambda: len(robot.commands) > before + 5)
    later = robot.commands[before:]
    assert all(values == (np.float32(0.2), np.float32(0.2)) for *_, values, _ in later)
    assert min(sent_us for *_, sent_us in later) > back_us
    assert [c[2] for c in later] == sorted(c[2] for c in later)


def test_a_power_of_the_guard_that_is_off_reaches_the_robot(wheels, robot, guards, until):
    guard = guards()
    driver = wheels(guard)
    driver.motion = [0.0, 0.0]
    until(lambda: robot.taken() and robot.gate.power)
    guard.now = State.OFF
    until(lambda: not robot.gate.power)


def test_it_keeps_the_promises_of_an_actuator(wheels):
    check_actuator(wheels().actuator)


# --- what it tells the guard ---


def test_a_robot_that_is_not_there_lets_nothing_be_armed_until_it_is(wheels, robots, guards, until):
    guard = guards()
    driver = wheels(guard)
    driver.motion = [0.0, 0.0]
    time.sleep(0.3)
    assert guard.orders == [(Order.FAULT, WHO)]

    robots("rover1")
    until(lambda: guard.orders == [(Order.FAULT, WHO), (Order.CLEAR, WHO)])


def test_a_robot_that_falls_silent_is_a_fault(wheels, robot, guards, until):
    guard = guards()
    driver = wheels(guard)
    driver.motion = [0.0, 0.0]
    until(lambda: guard.orders and guard.orders[-1][0] is Order.CLEAR)
    robot.mute = True
    until(lambda: guard.orders[-1] == (Order.FAULT, WHO))
    # it may have stopped taking commands, as far as one knows, a moment before
    until(lambda: driver.actuator.robot.trouble(time.monotonic_ns() // 1000) == "is silent")
    robot.mute = False
    until(lambda: guard.orders[-1] == (Order.CLEAR, WHO))


def test_a_last_will_is_believed_at_once(wheels, robot, guards, peer, until):
    guard = guards()
    driver = wheels(guard)
    driver.motion = [0.0, 0.0]
    until(lambda: guard.orders and guard.orders[-1][0] is Order.CLEAR)
    robot.mute = True
    peer().say(p.topic("rover1", p.BIRTH), {"state": "lost"}, retain=True)
    until(lambda: "last will" in driver.actuator.robot.trouble(0))


def test_a_will_that_the_broker_kept_from_before_is_no_news(wheels, robots, guards, peer, until):
    peer().say(p.topic("rover1", p.BIRTH), {"state": "lost"}, retain=True)
    guard = guards()
    driver = wheels(guard)
    driver.motion = [0.0, 0.0]
    robots("rover1")
    until(lambda: guard.orders and guard.orders[-1] == (Order.CLEAR, WHO))


def test_an_emergency_in_the_robot_is_one_here_as_long_as_it_lasts(wheels, robot, guards, until):
    guard = guards()
    view = wheels(guard).actuator.robot
    robot.flags = p.EMERGENCY
    until(lambda: guard.orders.count((Order.STOP, WHO)) > 2)
    robot.flags = 0
    until(lambda: not view.body.flags & p.EMERGENCY)
    before, heard_us = guard.orders.count((Order.STOP, WHO)), view.body.t_us
    until(lambda: view.body.t_us > heard_us + 100_000)
    assert guard.orders.count((Order.STOP, WHO)) == before


def test_a_second_brain_moves_nothing_and_is_told(wheels, robot, guards, until):
    first, second = guards(), guards()
    driver = wheels(first)
    driver.motion = [0.1, 0.1]
    until(lambda: first.orders and first.orders[-1][0] is Order.CLEAR)
    other = wheels(second)
    other.motion = [-0.5, -0.5]

    until(lambda: robot.gate.counts[Verdict.STRANGER] > 5)
    assert robot.gate.wanted_now == [np.float32(0.1)] * 2
    assert second.orders == [(Order.FAULT, WHO)]
    until(lambda: "another brain" in other.actuator.robot.trouble(time.monotonic_ns() // 1000))
    assert first.orders[-1][0] is Order.CLEAR

    driver.pause()  # the robot may change hands when the first one is silent
    until(lambda: second.orders[-1] == (Order.CLEAR, WHO))


def test_a_brain_does_not_answer_the_clock_of_a_robot_that_another_one_holds(
    wheels, robot, peer, body_message, until
):
    driver = wheels()
    robot.mute = True
    until(lambda: robot.offset_us is not None)
    held = body_message(flags=p.AWAKE | p.SYNCED | p.HELD, owner=12345)
    ear = peer(p.topic("rover1", p.CLOCK_ANSWER))
    ear.say(p.topic("rover1", p.BODY), held)
    until(lambda: driver.actuator.robot.held_by_another)
    robot.offset_us = None  # it asks again
    asked = robot._number
    until(lambda: robot._number > asked + 4)
    assert ear.heard == []


def test_a_robot_learns_the_clock_of_the_brain(wheels, robot, until):
    wheels()
    until(lambda: robot.offset_us is not None)
    assert abs(robot.offset_us + robot.AHEAD_US) < 500_000


# --- what others tell and see ---


def test_orders_and_steering_reach_the_guard(wheels, guards, peer, until):
    guard = guards()
    wheels(guard)
    orders, steer = p.topic("rover1", p.ORDER), p.topic("rover1", p.STEER)
    panel = peer()
    for word in ("arm", "disarm", "reset", "stop"):
        panel.say(orders, {"order": word, "who": "a panel"})
    panel.say(orders, {"order": "stop"})
    panel.say(steer, {"values": [0.2, -0.2]})

    until(lambda: guard.steered == [[0.2, -0.2]])
    given = [order for order, who in guard.orders if who == "a panel"]
    assert given == [Order.ARM, Order.DISARM, Order.RESET, Order.STOP]
    assert (Order.STOP, "somebody over MQTT") in guard.orders


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"arm",
        b"\xff" * 20,
        b'{"order": "clear"}',
        b'{"order": "arm", "who": "a\\nb"}',
        b'{"order": "arm", "who": ""}',
        b'{"order": "arm", "pad": "' + b"x" * 2000 + b'"}',
        b"[" * 1000,
    ],
)
def test_what_is_no_order_gives_none(wheels, guards, peer, payload, until):
    guard = guards()
    wheels(guard)
    panel = peer()
    panel.say(p.topic("rover1", p.ORDER), payload)
    panel.say(p.topic("rover1", p.STEER), {"values": [1.0]})
    panel.say(p.topic("rover1", p.STEER), {"values": ["x", 1.0]})
    panel.say(p.topic("rover1", p.ORDER), {"order": "disarm", "who": "the end"})
    until(lambda: (Order.DISARM, "the end") in guard.orders)
    assert [o for o in guard.orders if o[1] != WHO] == [(Order.DISARM, "the end")]
    assert guard.steered == []


def test_an_order_that_the_broker_kept_is_refused(wheels, guards, peer, until):
    panel = peer()
    panel.say(p.topic("rover1", p.ORDER), {"order": "arm", "who": "a trap"}, retain=True)
    panel.say(p.topic("rover1", p.STEER), {"values": [0.5, 0.5]}, retain=True)
    guard = guards()
    wheels(guard)
    panel.say(p.topic("rover1", p.ORDER), {"order": "disarm", "who": "the end"})
    until(lambda: (Order.DISARM, "the end") in guard.orders)
    assert (Order.ARM, "a trap") not in guard.orders
    assert guard.steered == []


def test_a_report_has_room_for_the_parts_of_the_run_whoever_gives_orders(
    wheels, guards, peer, until
):
    guard = guards()
    wheels(guard)
    panel = peer()
    for k in range(40):
        panel.say(p.topic("rover1", p.ORDER), {"order": "disarm", "who": f"panel {k}"})
    until(lambda: len(guard.orders) == 41)
    assert len({who for _, who in guard.orders}) <= 17


def test_everybody_sees_how_the_brain_is_and_that_it_is_gone(
    wheels, guards, peer, broker, mosquitto, until
):
    guard = guards()
    driver = wheels(guard)
    driver.motion = [0.0, 0.0]
    topic = p.topic("rover1", p.BRAIN)
    watcher = peer(topic)

    def seen():
        return [json.loads(text) for text in watcher.payloads(topic)]

    until(lambda: {"here": True, "state": "armed", "text": "armed"} in seen())
    guard.now = State.EMERGENCY
    until(lambda: seen()[-1]["state"] == "emergency")
    late = peer(topic)  # it is kept for who comes later
    until(lambda: late.payloads(topic))
    driver.pause()
    driver.actuator._connection._client.socket().shutdown(socket.SHUT_RDWR)  # as if it had died
    until(lambda: seen()[-1] == {"here": False, "state": "lost", "text": ""})


def test_an_orderly_end_is_no_last_will(wheels, guards, peer, until):
    driver = wheels(guards())
    topic = p.topic("rover1", p.BRAIN)
    watcher = peer(topic)
    driver.close()

    def seen():
        return [json.loads(text)["state"] for text in watcher.payloads(topic)]

    until(lambda: "ended" in seen())
    assert seen()[-1] == "ended"
