"""The firmware drives, and stops: MicroPython and Mosquitto, both real."""

import itertools
import json
import signal
import time

import pytest

from neuroloop.bench.firmware.robot import Robot, config
from neuroloop.core import robot_protocol as protocol

pytestmark = pytest.mark.real_time

SOONEST_US, STOP_US = 150_000, 250_000
"""after the last valid command, of which a broker that is killed may keep one"""
TRIES = 10
"""a busy machine can only make a stop seem later than it is, so the quickest of some counts"""
NO_WHEEL = "MicroPython for Linux is a wheel for Python 3.11 on x86-64"


def moved(bridge, since=0):
    """Whether a wheel got power after so many rows."""
    return any(left > 0.1 for _, left, _ in bridge()[since:])


def stands(bridge):
    return all(row[1:] == (0.0, 0.0) for row in bridge())


def stop_after_us(pilot, bridge, stop=lambda: None, **command):
    """Drive, then fall silent; returns how long after the last command the motors were off."""
    before = len(bridge())
    last_us = pilot.drive_until(lambda: moved(bridge, before), **command)
    stop()
    pilot.wait(lambda: bridge()[-1][1:] == (0.0, 0.0))
    return bridge()[-1][0] - last_us


def test_it_says_who_it_is_and_drives_as_told(pilot, bridge):
    def powered():
        return pilot.flag(protocol.POWERED) and any(abs(right) > 0.05 for *_, right in bridge())

    pilot.drive_until(powered, 0.2, -0.1)
    assert pilot.births[-1]["state"] == "ready"
    assert pilot.births[-1]["name"] == "rover"
    assert pilot.births[-1]["watchdog_ms"] == 200
    body = next(b for b in reversed(pilot.bodies) if b.flags & protocol.POWERED)
    assert body.owner == pilot.owner
    assert (body.left_mps, body.right_mps) == pytest.approx((0.2, -0.1))
    assert all(0 <= left < 0.8 and -0.5 < right <= 0 for _, left, right in bridge())


def test_the_wheels_reach_the_commanded_speed(pilot):
    def speeds():
        """Of both wheels, by the robot's own stamps, over some time of encoder counts."""
        last = pilot.odometry[-1]
        then = [o for o in pilot.odometry if o.t_us <= last.t_us - 300_000]
        if not then:
            return 0.0, 0.0
        seconds = (last.t_us - then[-1].t_us) / 1e6
        ways = last.left_m - then[-1].left_m, last.right_m - then[-1].right_m
        return tuple(way / seconds for way in ways)

    pilot.wait(lambda: pilot.odometry)
    pilot.drive_until(lambda: speeds() == pytest.approx((0.3, 0.15), rel=0.05), 0.3, 0.15)


def test_json_commands_drive_too(pilot, bridge):
    def drive():
        pilot.sequence += 1
        words = {"owner": pilot.owner, "sequence": pilot.sequence, "valid_ms": 200}
        words |= {"sent_us": time.monotonic_ns() // 1000, "power": True, "values": [0.2, 0.2]}
        pilot.send(protocol.DRIVE_JSON, json.dumps(words))
        return moved(bridge) and pilot.taken()

    pilot.wait(drive)


@pytest.mark.parametrize("valid_ms", [200, protocol.MOST_VALID_MS])
def test_the_watchdog_stops_the_motors_and_no_command_changes_it(pilot, bridge, valid_ms):
    took_us = (stop_after_us(pilot, bridge, valid_ms=valid_ms) for _ in range(TRIES))
    assert any(SOONEST_US <= us <= STOP_US for us in took_us)


def test_the_watchdog_needs_no_broker(pilot, broker, bridge):
    def tries():
        for _ in range(TRIES):
            pilot.wait(lambda: pilot.client.is_connected() and pilot.flag(protocol.SYNCED))
            yield stop_after_us(pilot, bridge, broker.kill)
            pilot.bodies.clear()
            broker.start()

    assert any(SOONEST_US <= us <= STOP_US for us in tries())


def test_without_power_nothing_turns(pilot, bridge):
    pilot.drive_until(pilot.taken, power=False)
    assert not any(body.flags & protocol.POWERED for body in pilot.bodies)
    assert [row[1:] for row in bridge()] == [(0.0, 0.0)]


def test_speeds_beyond_the_wheels_are_cut_off(pilot):
    pilot.drive_until(lambda: any(b.left_mps for b in pilot.bodies), 50.0, -50.0)
    body = next(b for b in pilot.bodies if b.left_mps)
    assert (body.left_mps, body.right_mps) == pytest.approx((0.5, -0.5))


def truncated(pilot):
    pilot.send(protocol.DRIVE, pilot.message(0.3, 0.3)[0][:-1])


def torn(pilot):
    whole = bytearray(pilot.message(0.3, 0.3)[0])
    whole[10] ^= 1
    pilot.send(protocol.DRIVE, whole)


def empty(pilot):
    pilot.send(protocol.DRIVE, b"")


def too_long(pilot):
    pilot.send(protocol.DRIVE, pilot.message(0.3, 0.3)[0] + bytes(protocol.MOST_MESSAGE_BYTES))


def longer_than_its_buffer(pilot):
    pilot.send(protocol.DRIVE, bytes(3000))


def not_a_number(pilot):
    pilot.drive(float("nan"), 0.3)


def infinite(pilot):
    pilot.drive(float("inf"), 0.3)


def valid_for_too_long(pilot):
    pilot.drive(0.3, 0.3, valid_ms=protocol.MOST_VALID_MS + 1)


def valid_for_no_time(pilot):
    pilot.drive(0.3, 0.3, valid_ms=0)


def retained(pilot):
    pilot.send(protocol.DRIVE, pilot.message(0.3, 0.3)[0], retain=True)
    pilot.send(protocol.DRIVE, b"", retain=True)


def json_without_an_owner(pilot):
    pilot.send(protocol.DRIVE_JSON, '{"sequence": 1, "values": [1, 1]}')


def json_nested_deeply(pilot):
    pilot.send(protocol.DRIVE_JSON, "[" * 500)


def old(pilot):
    pilot.drive(0.3, 0.3, age_us=300_000)


def older_than_it_wants(pilot):
    pilot.drive(0.3, 0.3, age_us=150_000, valid_ms=20)


def of_the_future(pilot):
    pilot.drive(0.3, 0.3, age_us=-60_000_000)


@pytest.mark.parametrize(
    ("send", "verdict"),
    [
        (truncated, protocol.MALFORMED),
        (torn, protocol.MALFORMED),
        (empty, protocol.MALFORMED),
        (too_long, protocol.MALFORMED),
        (longer_than_its_buffer, protocol.MALFORMED),
        (not_a_number, protocol.MALFORMED),
        (infinite, protocol.MALFORMED),
        (valid_for_too_long, protocol.MALFORMED),
        (valid_for_no_time, protocol.MALFORMED),
        (retained, protocol.MALFORMED),
        (json_without_an_owner, protocol.MALFORMED),
        (json_nested_deeply, protocol.MALFORMED),
        (old, protocol.LATE),
        (older_than_it_wants, protocol.LATE),
        (of_the_future, protocol.LATE),
    ],
)
def test_a_bad_command_moves_nothing(pilot, bridge, send, verdict):
    send(pilot)
    body = pilot.judged()
    assert body.verdicts[verdict] >= 1
    assert body.verdicts[protocol.TAKEN] == 0
    pilot.wait(lambda: pilot.notices)
    assert pilot.notices[0]["verdict"] == protocol.VERDICTS[verdict]
    assert [row[1:] for row in bridge()] == [(0.0, 0.0)]


def test_duplicates_and_what_was_overtaken_are_refused(pilot):
    pilot.drive_until(pilot.taken)
    before = pilot.judged().verdicts
    newest = pilot.body.sequence
    for sequence in (newest, newest - 1, newest):
        pilot.drive(0.1, 0.1, sequence=sequence)
    counts = [now - then for now, then in zip(pilot.judged().verdicts, before, strict=True)]
    assert counts[protocol.DUPLICATE] == 2
    assert counts[protocol.OUT_OF_ORDER] == 1
    assert sum(counts) == 3


def test_a_stranger_has_to_wait_until_the_owner_is_silent(pilot):
    stranger = pilot.owner ^ 1
    pilot.drive_until(pilot.taken)

    told = {"verdict": "stranger", "owner": stranger, "held_by": pilot.owner}

    def refused():
        pilot.drive(-0.3, -0.3, owner=stranger, age_us=60_000_000)
        return told in pilot.notices

    pilot.drive_until(refused)
    assert pilot.judged().owner == pilot.owner
    assert pilot.body.verdicts[protocol.STRANGER]
    pilot.wait(lambda: not pilot.flag(protocol.AWAKE))
    pilot.drive_until(lambda: pilot.body.owner == stranger, owner=stranger)


def test_without_the_brains_clock_no_command_is_taken(robot, pilots, bridge):
    pilot = pilots(answers=False)
    pilot.wait(lambda: pilot.bodies)
    pilot.drive_until(lambda: pilot.body.verdicts[protocol.LATE] > 3)
    assert not any(body.flags & protocol.SYNCED for body in pilot.bodies)
    assert pilot.taken() == 0
    assert [row[1:] for row in bridge()] == [(0.0, 0.0)]


def test_a_command_planted_in_the_broker_is_refused(robot, broker, pilots, bridge):
    pilot = pilots()
    pilot.wait(lambda: pilot.flag(protocol.SYNCED))
    robot.kill()
    pilot.send(protocol.DRIVE, pilot.message(0.3, 0.3)[0], retain=True, qos=1)
    pilot.bodies.clear()
    robot.start()
    pilot.wait(lambda: pilot.body and pilot.body.verdicts[protocol.MALFORMED])
    assert pilot.taken() == 0
    assert stands(bridge)


def test_reports_of_wheels_and_ranges_have_the_right_numbers(pilot, bridge, tmp_path):
    (tmp_path / "range").write_text("0.5\ninf\n1.25\n")
    pilot.wait(lambda: pilot.odometry)
    pilot.drive_until(lambda: pilot.odometry[-1].left_m > 0.1, 0.3, 0.1)
    pilot.wait(lambda: not pilot.flag(protocol.AWAKE))

    def still():
        last = pilot.odometry[-1]
        return max(abs(last.left_mps), abs(last.right_mps)) < 0.002

    pilot.wait(still)
    rows = bridge()
    ways = [0.0, 0.0]
    # what the duty has done to wheels of 0.6 m/s at full duty; lag moves it, but takes nothing away
    for (then_us, *duties), (now_us, *_) in itertools.pairwise(rows):
        for side, duty in enumerate(duties):
            ways[side] += duty * 0.6 * (now_us - then_us) * 1e-6
    last = pilot.odometry[-1]
    assert (last.left_m, last.right_m) == pytest.approx(ways, rel=0.02, abs=0.002)
    assert [o.number for o in pilot.odometry] == sorted({o.number for o in pilot.odometry})
    pilot.wait(lambda: pilot.scans)
    assert pilot.scans[-1].metres.tolist() == [0.5, float("inf"), 1.25]


def test_a_robot_that_was_switched_off_is_lost_and_comes_back_as_another_boot(robot, pilot, bridge):
    first = pilot.births[-1]["boot"]
    robot.kill()
    pilot.wait(lambda: pilot.births[-1]["state"] == "lost")
    robot.start()
    pilot.wait(lambda: pilot.births[-1]["state"] == "ready")
    assert pilot.births[-1]["boot"] != first
    pilot.wait(lambda: pilot.body.boot != first and pilot.flag(protocol.SYNCED))
    assert bridge()[-1][1:] == (0.0, 0.0)
    begun = len(bridge())
    pilot.drive_until(lambda: moved(bridge, begun))


def test_a_robot_that_was_frozen_does_not_obey_what_came_meanwhile(robot, pilot, bridge):
    robot.signal(signal.SIGSTOP)
    for _ in range(10):
        pilot.drive(0.3, 0.3)
    time.sleep(0.4)  # twice as long as they are valid
    robot.signal(signal.SIGCONT)
    assert pilot.judged().verdicts[protocol.LATE] == 10
    assert [row[1:] for row in bridge()] == [(0.0, 0.0)]


@pytest.mark.parametrize("watchdog_ms", [0, 1001])
def test_a_watchdog_that_is_none_keeps_the_robot_from_starting(broker, tmp_path, watchdog_ms):
    pytest.importorskip("micropython_unix", reason=NO_WHEEL)
    settings = config("rover", broker.port, tmp_path)
    settings["body"]["watchdog_ms"] = watchdog_ms
    with Robot(tmp_path, settings) as robot:
        until = time.monotonic() + 5
        while robot.alive and time.monotonic() < until:
            time.sleep(0.01)
        assert not robot.alive
        assert "body.watchdog_ms must be 1 to 1000" in robot.console()
