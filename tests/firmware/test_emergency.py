"""An emergency stop stays, whatever comes and whoever is there, until somebody ends it."""

import time

import pytest

from neuroloop.core import robot_protocol as protocol

WHO = b'{"who": "test"}'


def stopped_for(pilot, bridge, seconds):
    """Whether no wheel got power while somebody commanded."""
    before = len(bridge())
    pilot.keep(0.3, 0.3, seconds)
    return all(row[1:] == (0.0, 0.0) for row in bridge()[before:])


def moves(pilot, bridge):
    before = len(bridge())
    pilot.keep(0.3, 0.3, 0.3)
    return any(left > 0.1 for _, left, _ in bridge()[before:])


def stop(pilot):
    pilot.send(protocol.STOP, WHO, qos=1)
    pilot.wait(lambda: pilot.flag(protocol.EMERGENCY))


def test_it_stops_at_once_and_stays_until_reset(pilot, bridge):
    assert moves(pilot, bridge)
    stop(pilot)
    assert bridge()[-1][1:] == (0.0, 0.0)
    assert stopped_for(pilot, bridge, 0.5)
    assert pilot.flag(protocol.AWAKE)
    assert not pilot.flag(protocol.POWERED)
    pilot.send(protocol.RESET, WHO, qos=1)
    pilot.wait(lambda: not pilot.flag(protocol.EMERGENCY))
    assert moves(pilot, bridge)


@pytest.mark.parametrize("payload", [b"", b"\xff\x00", b"{}", bytes(600), bytes(3000)])
def test_any_message_to_stop_stops(pilot, payload):
    pilot.send(protocol.STOP, payload, qos=1)
    pilot.wait(lambda: pilot.flag(protocol.EMERGENCY))


@pytest.mark.parametrize("payload", [b"", b"\xff\x00", b"{}", b'{"who": ""}', bytes(600)])
def test_only_a_name_ends_it(pilot, bridge, payload):
    stop(pilot)
    pilot.send(protocol.RESET, payload, qos=1)
    assert stopped_for(pilot, bridge, 0.3)
    assert pilot.flag(protocol.EMERGENCY)


def test_a_reset_that_a_broker_kept_ends_nothing(robot, pilot, broker, bridge):
    pilot.send(protocol.RESET, WHO, qos=1, retain=True)
    stop(pilot)
    broker.kill()
    time.sleep(0.2)
    broker.start()  # it kept nothing on disk: plant it again while the robot is away
    pilot.wait(pilot.client.is_connected)
    pilot.send(protocol.RESET, WHO, qos=1, retain=True)
    pilot.bodies.clear()
    pilot.wait(lambda: pilot.body)
    assert stopped_for(pilot, bridge, 0.3)
    assert pilot.flag(protocol.EMERGENCY)


def test_the_button_works_without_a_network_and_outlasts_it(pilot, broker, bridge, tmp_path):
    assert moves(pilot, bridge)
    broker.kill()
    (tmp_path / "button").touch()
    time.sleep(0.3)
    (tmp_path / "button").unlink()
    broker.start()
    pilot.bodies.clear()
    pilot.wait(lambda: pilot.flag(protocol.EMERGENCY))
    assert stopped_for(pilot, bridge, 0.3)


def test_a_pressed_button_cannot_be_reset(pilot, bridge, tmp_path):
    button = tmp_path / "button"
    button.touch()
    pilot.wait(lambda: pilot.flag(protocol.EMERGENCY))
    before = len(pilot.bodies)
    pilot.send(protocol.RESET, WHO, qos=1)
    assert stopped_for(pilot, bridge, 0.3)
    # not for a single report
    assert all(body.flags & protocol.EMERGENCY for body in pilot.bodies[before:])
    button.unlink()
    pilot.send(protocol.RESET, WHO, qos=1)
    pilot.wait(lambda: not pilot.flag(protocol.EMERGENCY))
    assert moves(pilot, bridge)


def test_after_a_reset_the_wheels_wait_for_a_new_command(pilot, bridge):
    pilot.drive(0.3, 0.3)
    stop(pilot)
    before = len(bridge())
    pilot.send(protocol.RESET, WHO, qos=1)
    pilot.wait(lambda: not pilot.flag(protocol.EMERGENCY))
    assert all(row[1:] == (0.0, 0.0) for row in bridge()[before:])
