"""The robot of the twin by itself: what it obeys, what it tells, what it knows of the time."""

import json
import math
import struct
import zlib

import numpy as np
import pytest

from neuroloop.config import resolve
from neuroloop.core import robot_protocol as p
from neuroloop.core.black_box import AWAKE, BlackBox, read_black_box
from neuroloop.core.command import Verdict
from neuroloop.core.ports import Site
from neuroloop.mqtt import messages as brain
from sims.twin.brain_clock import BrainClock
from sims.twin.log import Log
from sims.twin.messages import sealed
from sims.twin.robot import Robot
from sims.twin.telling import Rates, Wheels, tellings
from sims.twin.twin import Twin

OFFSET_US = 7_000_000_000
WATCHDOG_US = 200_000
BOOT = 77


def answer(clock_ask, heard_us, sent_us):
    return brain.answer(brain.ask_of(clock_ask), heard_us, sent_us)


def synchronise(clock, now_us, offset_us=OFFSET_US, way_us=100):
    ask = clock.ask(now_us)
    heard_us = now_us + way_us + offset_us
    clock.hear(answer(ask, heard_us, heard_us + 50), now_us + 2 * way_us + 50)


@pytest.fixture
def robot():
    found = Robot((0.5, 0.5), WATCHDOG_US, BOOT)
    synchronise(found.clock, 0)
    return found


def drive(sequence=0, at_us=1_000, owner=5, values=(0.2, 0.1), valid_ms=100, power=True):
    """A command that was sent at a moment of the robot's clock."""
    sent_us = at_us + OFFSET_US
    return brain.drive(owner, sequence, sent_us, values, valid_ms=valid_ms, power=power)


def test_a_command_moves_the_wheels_until_the_watchdog_stops_them(robot):
    assert robot.drive(drive(), 1_500) is Verdict.TAKEN
    assert robot.wanted(1_500 + WATCHDOG_US) == pytest.approx([0.2, 0.1])
    assert robot.wanted(1_501 + WATCHDOG_US) == [0.0, 0.0]


def test_no_command_makes_the_watchdog_longer(robot):
    robot.drive(drive(valid_ms=p.MOST_VALID_MS), 1_500)
    assert robot.wanted(1_501 + WATCHDOG_US) == [0.0, 0.0]
    old = drive(1, at_us=2_000, valid_ms=p.MOST_VALID_MS)
    unsure_us = robot.clock.known(2_000 + WATCHDOG_US).uncertainty_us
    assert robot.drive(old, 2_000 + WATCHDOG_US + unsure_us + 1) is Verdict.LATE


def test_a_second_brain_is_refused_and_told_so_until_the_first_is_silent(robot):
    robot.drive(drive(), 1_500)
    assert robot.drive(drive(owner=6, at_us=2_000), 2_000) is Verdict.STRANGER
    told = json.loads(robot.notice(2_000))
    assert told == {"verdict": "stranger", "owner": 6, "held_by": 5}
    later_us = 1_501 + WATCHDOG_US
    assert robot.drive(drive(owner=6, at_us=later_us), later_us) is Verdict.TAKEN


def test_notices_are_ten_a_second_at_most(robot):
    told = 0
    for i in range(1000):
        robot.drive(b"nothing", i * 1000)
        told += robot.notice(i * 1000) is not None
    assert told == 10


def test_what_was_seen_or_overtaken_is_not_obeyed_again(robot):
    robot.drive(drive(3), 1_500)
    assert robot.drive(drive(3), 1_600) is Verdict.DUPLICATE
    assert robot.drive(drive(2), 1_700) is Verdict.OUT_OF_ORDER
    assert robot.drive(drive(4, values=(0.0, 0.1)), 1_800) is Verdict.TAKEN


@pytest.mark.parametrize(
    ("age_us", "verdict"),
    [
        (0, Verdict.TAKEN),
        (100_000, Verdict.TAKEN),  # as long as it is valid
        (101_500, Verdict.LATE),
        (-p.MOST_AHEAD_US, Verdict.TAKEN),  # clocks do not agree that well
        (-p.MOST_AHEAD_US - 1_500, Verdict.LATE),
    ],
)
def test_age_is_judged_by_the_robots_clock(robot, age_us, verdict):
    now_us = 500_000
    assert robot.drive(drive(at_us=now_us - age_us), now_us) is verdict


def test_nothing_is_obeyed_before_the_brains_clock_is_known():
    robot = Robot((0.5, 0.5), WATCHDOG_US, BOOT)
    assert robot.drive(drive(), 1_500) is Verdict.LATE
    assert not robot.flags(1_500) & p.SYNCED


def test_a_clock_that_was_asked_long_ago_is_not_known_any_more(robot):
    later_us = 1_000 * p.CLOCK_OLD_MS + 1_000
    assert robot.drive(drive(at_us=later_us), later_us) is Verdict.LATE


def broken(at, value):
    message = bytearray(drive())
    message[at] = value
    return sealed("", after=bytes(message[: -p.CRC_BYTES]))


MALFORMED = {
    "nothing": b"",
    "short": drive()[:-1],
    "long": drive() + b"\0",
    "checksum": drive()[:-1] + bytes([drive()[-1] ^ 1]),
    "version": broken(0, p.VERSION + 1),
    "channels that are not there": broken(1, 3),
    "no channel": sealed(p.DRIVE_LAYOUT + "H", p.VERSION, 0, 1, 5, 0, OFFSET_US, 100),
    "one channel": drive(values=(0.2,)),
    "no owner": drive(owner=0),
    "not a number": drive(values=(math.nan, 0.1)),
    "infinite": drive(values=(0.1, math.inf)),
    "valid too long": drive(valid_ms=p.MOST_VALID_MS + 1),
    "never valid": drive(valid_ms=0),
    "a time beyond all clocks": brain.drive(5, 0, 2**64 - 1, (0.2, 0.1), valid_ms=100, power=True),
    "too long to look at": b"\1" * (p.MOST_MESSAGE_BYTES + 1),
}


@pytest.mark.parametrize("message", MALFORMED.values(), ids=MALFORMED)
def test_what_is_malformed_moves_nothing(robot, message):
    assert robot.drive(message, 1_500) is Verdict.MALFORMED
    assert robot.wanted(1_500) == [0.0, 0.0]
    assert robot.gate.counts[Verdict.TAKEN] == 0


def test_a_command_that_the_broker_kept_is_malformed(robot):
    assert robot.drive(drive(), 1_500, retained=True) is Verdict.MALFORMED


GOOD = {"owner": 5, "sequence": 0, "sent_us": OFFSET_US, "valid_ms": 100, "power": True}


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ({}, Verdict.TAKEN),
        ({"owner": 0}, Verdict.MALFORMED),
        ({"owner": "5"}, Verdict.MALFORMED),
        ({"valid_ms": 0}, Verdict.MALFORMED),
        ({"values": [0.1]}, Verdict.MALFORMED),
        ({"values": [0.1] * 9}, Verdict.MALFORMED),
        ({"values": [1e999, 0]}, Verdict.MALFORMED),
        ({"speed": 1}, Verdict.MALFORMED),
        ({"sent_us": 2**63}, Verdict.MALFORMED),
        ({"sent_us": 10**30}, Verdict.MALFORMED),
    ],
)
def test_tools_may_drive_in_json(robot, changed, verdict):
    message = json.dumps({**GOOD, "values": [0.1, 0.2], **changed}).encode()
    assert robot.drive(message, 500, in_json=True) is verdict


@pytest.mark.parametrize("message", [b"\xff", b'{"a": "\xff"}', b"[" * 500, b"null"])
def test_what_is_no_json_is_malformed(robot, message):
    assert robot.drive(message, 500, in_json=True) is Verdict.MALFORMED
    assert not robot.reset(message)
    assert robot.drive(drive(), 1_500) is Verdict.TAKEN


def test_a_command_may_be_older_than_the_watchdog_by_as_much_as_the_clock_is_uncertain():
    robot = Robot((0.5, 0.5), WATCHDOG_US, BOOT)
    synchronise(robot.clock, 0, way_us=10_000)
    age_us = WATCHDOG_US + robot.clock.known(500_000).uncertainty_us
    old = drive(at_us=500_000 - age_us, valid_ms=200)
    older = drive(1, at_us=500_000 - age_us - 1, valid_ms=p.MOST_VALID_MS)
    assert robot.drive(older, 500_000) is Verdict.LATE
    assert robot.drive(old, 500_000) is Verdict.TAKEN


def test_no_wheel_is_told_more_than_the_body_can(robot):
    message = json.dumps({**GOOD, "values": [1e300, -1e300]}).encode()
    assert robot.drive(message, 500, in_json=True) is Verdict.TAKEN
    assert robot.wanted(500) == [0.5, -0.5]
    assert brain.body_of(robot.body(500)).left_mps == 0.5


def test_an_emergency_stop_holds_whatever_comes_until_a_reset_and_then_a_new_command(robot):
    robot.drive(drive(), 1_500)
    robot.stop()
    assert robot.drive(drive(1), 2_000) is Verdict.TAKEN
    assert robot.wanted(2_000) == [0.0, 0.0]
    assert brain.body_of(robot.body(2_000)).flags & (p.EMERGENCY | p.POWERED) == p.EMERGENCY
    assert robot.reset(reset())
    assert robot.wanted(2_000) == [0.0, 0.0]
    robot.drive(drive(2), 2_500)
    assert robot.wanted(2_500) == pytest.approx([0.2, 0.1])


def reset(**changes):
    """Somebody wants to end the first emergency stop."""
    return json.dumps({"who": "me", "boot": BOOT, "stop": 1} | changes).encode()


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"{}",
        b"\xff",
        b'{"who": "me"}',
        reset(who=""),
        reset(who=3),
        reset(boot=BOOT + 1),
        reset(stop=0),
        reset(stop=True),
        reset(stop=10**30),
    ],
)
def test_only_somebody_who_names_the_stop_ends_it(robot, message):
    robot.stop()
    assert not robot.reset(message)
    assert not robot.reset(reset(), retained=True)
    assert robot.emergency
    assert json.loads(robot.no_reset(0)) == {"verdict": "no reset", "boot": BOOT, "stop": 1}
    assert robot.no_reset(1) is None


def test_a_reset_that_was_kept_back_ends_no_later_stop(robot):
    robot.stop()
    robot.stop()  # somebody else, while it stands already
    assert not robot.reset(reset(stop=1))
    assert brain.body_of(robot.body(1_500)).stop == 2
    assert robot.reset(reset(stop=2))
    robot.stop()
    assert not robot.reset(reset(stop=2))
    assert robot.emergency


def test_without_power_the_wheels_stand(robot):
    robot.drive(drive(power=False), 1_500)
    assert robot.wanted(1_500) == [0.0, 0.0]
    assert not robot.flags(1_500) & p.POWERED


def test_what_it_tells_of_itself_is_what_it_is(robot):
    robot.drive(drive(9), 1_500)
    robot.drive(b"nothing", 1_600)
    told = brain.body_of(robot.body(2_000))
    assert told.flags == p.AWAKE | p.POWERED | p.SYNCED | p.HELD
    assert (told.boot, told.t_us, told.owner, told.sequence) == (BOOT, 2_000, 5, 9)
    assert told.offset_us == OFFSET_US
    assert told.sent_us == OFFSET_US + 1_000
    assert told.verdicts == (1, 1, 0, 0, 0, 0)


def test_the_clock_is_never_wrong_by_more_than_it_says():
    rng = np.random.default_rng(3)
    clock = BrainClock(BOOT)
    for i in range(200):
        now_us = 1_000_000 * i
        out_us, back_us, thought_us = (int(us) for us in rng.exponential(2_000, 3))
        heard_us = now_us + out_us + OFFSET_US
        came_us = now_us + out_us + thought_us + back_us
        clock.hear(answer(clock.ask(now_us), heard_us, heard_us + thought_us), came_us)
        known = clock.known(came_us)
        assert abs(known.offset_us - OFFSET_US) <= known.uncertainty_us


def test_the_best_of_the_recent_exchanges_counts():
    clock = BrainClock(BOOT)
    synchronise(clock, 0, way_us=100)
    synchronise(clock, 1_000_000, way_us=20_000)
    assert clock.known(2_000_000).uncertainty_us < 400


def test_the_clock_of_another_machine_replaces_all_that_was_known():
    clock = BrainClock(BOOT)
    synchronise(clock, 0)
    synchronise(clock, 1_000_000, OFFSET_US + 5_000_000, way_us=3_000)
    assert clock.known(1_100_000).offset_us == OFFSET_US + 5_000_000


def test_an_answer_to_nothing_that_was_asked_is_ignored():
    clock, other = BrainClock(BOOT), BrainClock(BOOT + 1)
    first = clock.ask(0)
    clock.ask(1_000)
    for message in (answer(first, 5, 6), answer(other.ask(1_000), 5, 6), b"", b"\0" * 41):
        clock.hear(message, 2_000)
    good = answer(clock.ask(3_000), 3_000, 3_000)
    for wrong in (answer(clock.ask(4_000), 9, 8), answer(clock.ask(5_000), 0, 2**63)):
        clock.hear(wrong, 6_000)
    clock.hear(good, 6_000)
    assert clock.known(6_000) is None


def test_a_clock_that_is_too_uncertain_is_not_known():
    clock = BrainClock(BOOT)
    synchronise(clock, 0, way_us=p.MOST_UNCERTAINTY_US + 1)
    assert clock.known(200_000) is None


class World:
    """A twin on the plane with nobody at the other end, and a clock that goes when it is told."""

    START_NS = 10**12

    def __init__(self, folder, world="empty"):
        module = resolve.module("plant", "plane", folder, "plant")
        config = module.Config(world=world)
        self.plant = module.build(config, Site("plant", 0, 1000))
        wheels = Wheels(self.plant)
        rates = Rates(10.0, 50.0, 10.0, "lidar")
        sensors = tellings(Site("twin", 0, 1000, plant=self.plant), BOOT, wheels, rates)
        self.robot = Robot(self.plant.body.limits, WATCHDOG_US, BOOT)
        self.box, self.log, self.told = folder / "box", Log(), []
        box = BlackBox(self.box, 10_000)
        self.twin = Twin(self.plant, 1000, self.robot, wheels, sensors, box=box, log=self.log)
        self.now_us = 0
        self.twin.begin(self.START_NS, self._publish)
        synchronise(self.robot.clock, 0)

    def _publish(self, name, message):
        self.told.append((self.now_us, name, message))
        return True

    def run(self, us, step_us=1_000):
        end_us = self.now_us + us
        while self.now_us < end_us:
            self.now_us += step_us
            self.twin.round(self.START_NS + 1_000 * self.now_us)

    def hear(self, name, message, retained=False):
        self.twin.hear(name, message, self.START_NS + 1_000 * self.now_us, retained=retained)

    def of(self, name):
        return [(t_us, message) for t_us, told, message in self.told if told == name]


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def test_it_drives_and_its_black_box_shows_the_watchdog(world):
    world.run(100_000)
    world.hear(p.DRIVE, drive(at_us=100_000, values=(0.3, 0.3)))
    world.run(600_000)
    rows = read_black_box(world.box)
    heard_us = 100_000
    moving = rows["t_us"][rows["left_mps"] > 0]
    assert (moving[0], moving[-1]) == (heard_us + 1_000, heard_us + WATCHDOG_US)
    assert rows["forward_mps"].max() == pytest.approx(0.3)
    assert rows["forward_mps"][-1] == 0.0
    assert (rows["flags"][rows["t_us"] == heard_us + WATCHDOG_US] & AWAKE).all()
    assert not (rows["flags"][rows["t_us"] > heard_us + WATCHDOG_US] & AWAKE).any()
    assert rows["verdicts"][-1].tolist() == [1, 0, 0, 0, 0, 0]


def test_a_world_that_is_behind_is_not_driven_through_what_it_missed(world):
    world.hear(p.DRIVE, drive(at_us=0, values=(0.3, 0.3)))
    world.run(100_000)
    world.now_us += 2_000_000  # the process was not given a core
    world.hear(p.DRIVE, drive(1, at_us=world.now_us, values=(0.3, 0.3)))
    world.run(60_000)
    x, y, _ = world.plant.pose()
    start = world.plant.world.start
    assert math.hypot(x - start[0], y - start[1]) < 0.3 * 0.4


def test_odometry_is_how_far_the_wheels_went(world):
    for i in range(20):
        world.hear(p.DRIVE, drive(i, at_us=world.now_us, values=(0.2, 0.2)))
        world.run(50_000)
    told = [brain.odometry_of(message) for _, message in world.of(p.ODOMETRY)]
    x, y, _ = world.plant.pose()
    start = world.plant.world.start
    gone_m = math.hypot(x - start[0], y - start[1])
    assert told[-1].left_m == pytest.approx(gone_m, abs=0.2 * 0.03)
    assert told[-1].right_mps == pytest.approx(0.2)
    assert [o.number for o in told] == list(range(1, len(told) + 1))
    assert [o.t_us for o in told] == [1_000, *range(20_000, 1_000_001, 20_000)]


def test_scans_and_the_way_to_the_goal_are_told(tmp_path):
    world = World(tmp_path, "boxes")
    world.run(1_000_000)
    scans = [brain.scan_of(message) for _, message in world.of(p.RANGE)]
    assert [len(s.metres) for s in scans] == [36] * 11
    goal = json.loads(world.of(p.GOAL)[-1][1])
    assert goal["distance_m"] == pytest.approx(math.hypot(8.0, 8.0))
    assert goal["bearing_rad"] == pytest.approx(0.0, abs=1e-3)
    assert goal["t_us"] == scans[-1].t_us


def test_it_tells_of_itself_ten_times_a_second_and_after_each_change(world):
    world.run(1_000_000)
    assert len(world.of(p.BODY)) == 10
    assert len(world.of(p.CLOCK_ASK)) == 1
    before = len(world.told)
    world.hear(p.STOP, b"")
    world.run(1_000)
    (changed,) = [m for _, name, m in world.told[before:] if name == p.BODY]
    assert brain.body_of(changed).flags & p.EMERGENCY


def test_a_stop_that_the_broker_kept_stops_and_a_reset_that_it_kept_does_not_reset(world):
    world.hear(p.DRIVE, drive(at_us=0))
    world.hear(p.STOP, b"who knows", retained=True)
    world.run(50_000)
    assert world.plant.twist() == (0.0, 0.0)
    world.hear(p.RESET, reset(), retained=True)
    assert world.robot.emergency
    world.run(1_000)
    assert json.loads(world.of(p.NOTICE)[-1][1])["verdict"] == p.NO_RESET


def test_the_log_has_when_commands_were_sent_and_taken(world, tmp_path):
    world.run(10_000)
    world.hear(p.DRIVE, drive(4, at_us=9_000))
    world.run(200_000)
    world.log.save(tmp_path / "log.npz")
    with np.load(tmp_path / "log.npz", allow_pickle=False) as kept:
        ((sequence, sent_us, uncertainty_us, taken_us),) = kept["commands"]
        assert (sequence, sent_us, taken_us) == (4, 9_000, 10_000)
        assert uncertainty_us < 200
        assert kept["scans"][:, 0].tolist() == [1_000, 100_000, 200_000]


def test_messages_end_with_the_checksum_of_zip_files(robot):
    message = robot.body(1_000)
    assert struct.unpack("<I", message[-4:])[0] == zlib.crc32(message[:-4])
