"""An emergency stop stays, whatever comes and whoever is there, until somebody ends that one."""

import json
from pathlib import Path

import pytest

from neuroloop.core import robot_protocol as protocol

WHO = b'{"who": "test"}'


def stopped(pilot, bridge):
    """Whether no wheel got power while the robot took commands."""
    before, taken = len(bridge()), pilot.taken()
    pilot.drive_until(lambda: pilot.taken() > taken + 3)
    return all(row[1:] == (0.0, 0.0) for row in bridge()[before:])


def move(pilot, bridge):
    before = len(bridge())
    pilot.drive_until(lambda: any(left > 0.1 for _, left, _ in bridge()[before:]))


def stop(pilot):
    """Stop once more, and wait until the robot says so."""
    number = pilot.body.stop + 1
    pilot.send(protocol.STOP, WHO, qos=1)
    pilot.wait(lambda: pilot.flag(protocol.EMERGENCY) and pilot.body.stop == number)


def refused(pilot, send):
    """Send a reset until the robot says that it takes none of them, and which it would take."""
    told = {"verdict": protocol.NO_RESET, "boot": pilot.body.boot, "stop": pilot.body.stop}
    pilot.notices.clear()

    def said():  # ten times a second at most
        send()
        return told in pilot.notices

    pilot.wait(said)


def passes(robot):
    """How often the firmware has waited for the network so far: once in each pass of its loop."""
    status = Path(f"/proc/{robot.pid}/status").read_text()
    return int(status.split("\nvoluntary_ctxt_switches:")[1].split()[0])


def test_it_stops_at_once_and_stays_until_reset(pilot, bridge):
    move(pilot, bridge)
    stop(pilot)
    assert bridge()[-1][1:] == (0.0, 0.0)
    assert stopped(pilot, bridge)
    assert not pilot.flag(protocol.POWERED)
    pilot.end_stop()
    move(pilot, bridge)


@pytest.mark.parametrize("payload", [b"", b"\xff\x00", b"{}", bytes(600), bytes(3000)])
def test_any_message_to_stop_stops(pilot, payload):
    pilot.send(protocol.STOP, payload, qos=1)
    pilot.wait(lambda: pilot.flag(protocol.EMERGENCY))


def test_only_somebody_who_names_the_stop_and_himself_ends_it(pilot, bridge):
    stop(pilot)
    named = {"who": "test", "boot": pilot.body.boot, "stop": pilot.body.stop}
    bad = [b"", b"\xff\x00", b"{}", b"7", bytes(600), WHO]
    others = [{"who": ""}, {"who": 3}, {"boot": named["boot"] ^ 1}, {"stop": 0}, {"stop": 2}]
    others += [{"stop": True}, {"stop": "1"}, {"stop": None}, {"stop": 2**40}]
    bad += [json.dumps(named | other).encode() for other in others]
    for payload in bad:
        pilot.send(protocol.RESET, payload, qos=1)
    refused(pilot, lambda: pilot.send(protocol.RESET, b"the last", qos=1))
    assert stopped(pilot, bridge)
    assert pilot.flag(protocol.EMERGENCY)


def test_a_reset_that_was_kept_back_ends_no_later_stop(pilot, bridge):
    stop(pilot)
    meant = pilot.body.stop
    stop(pilot)  # somebody else, while it stands already
    refused(pilot, lambda: pilot.reset(stop=meant))
    pilot.end_stop()
    stop(pilot)
    refused(pilot, lambda: pilot.reset(stop=meant))
    assert stopped(pilot, bridge)
    assert pilot.flag(protocol.EMERGENCY)


def test_a_reset_that_a_broker_kept_ends_nothing(robot, pilot, broker, bridge):
    stop(pilot)
    broker.kill()
    pilot.wait(lambda: not pilot.client.is_connected())
    broker.start()
    pilot.wait(pilot.client.is_connected)
    named = {"who": "test", "boot": pilot.body.boot, "stop": pilot.body.stop}
    pilot.notices.clear()
    # kept from before the robot is back, or marked as to be kept: it takes neither
    pilot.send(protocol.RESET, json.dumps(named), qos=1, retain=True)
    pilot.wait(lambda: pilot.notices)
    pilot.wait(lambda: pilot.flag(protocol.SYNCED))
    assert stopped(pilot, bridge)
    assert pilot.flag(protocol.EMERGENCY)


def test_the_button_works_without_a_network_and_outlasts_it(robot, pilot, broker, bridge, tmp_path):
    move(pilot, bridge)
    broker.kill()
    (tmp_path / "button").touch()
    begun = passes(robot)
    pilot.wait(lambda: passes(robot) > begun + 5)
    (tmp_path / "button").unlink()
    pilot.bodies.clear()
    broker.start()
    pilot.wait(lambda: pilot.flag(protocol.EMERGENCY) and pilot.flag(protocol.SYNCED))
    assert stopped(pilot, bridge)


def test_a_pressed_button_cannot_be_reset(pilot, bridge, tmp_path):
    button = tmp_path / "button"
    button.touch()
    pilot.wait(lambda: pilot.flag(protocol.EMERGENCY))
    before, number = len(pilot.bodies), pilot.body.stop
    refused(pilot, pilot.reset)
    assert stopped(pilot, bridge)
    # not for a single report, and it is one stop, however long it is pressed
    assert all(body.flags & protocol.EMERGENCY for body in pilot.bodies[before:])
    assert pilot.body.stop == number
    button.unlink()
    pilot.end_stop()
    move(pilot, bridge)


def test_after_a_reset_the_wheels_wait_for_a_new_command(pilot, bridge):
    pilot.drive(0.3, 0.3)
    stop(pilot)
    before = len(bridge())
    pilot.end_stop()
    assert all(row[1:] == (0.0, 0.0) for row in bridge()[before:])
