"""The reflex against the closed form of a braking body, and in a robot that drives at a wall."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroloop.config import body, runfile
from neuroloop.core.values import Ranges, SourceSpec
from neuroloop.runtime.session import played
from neuroloop.safety import reflex
from neuroloop.safety.block import B_NEXT_AHEAD, B_NEXT_BEHIND, NO_LIMIT

DT_US = 1000
ROVER = body.load("rover", Path(), "here")
RADIUS, BRAKING = ROVER.radius_m, ROVER.drive.max_wheel_mps2
STOP_M = 0.03
FREE = (NO_LIMIT, NO_LIMIT)
RATE_HZ = 20.0
REACTION_S = 1 / RATE_HZ + DT_US * 1e-6


class Reflex:
    """One range finder and its row."""

    def __init__(self, rows, say, beams, pose=(0.0, 0.0, 0.0), stop_m=STOP_M):
        x, y, yaw = pose
        spec = SourceSpec("lidar", Ranges, (beams,), RATE_HZ, pose=(x, y, 0.2, 0.0, 0.0, yaw))
        self.rows, self.say = rows, say
        kernel = reflex.build(spec, ROVER, stop_m=stop_m, dt_us=DT_US)
        self.port = rows.sensor(spec, kernel, n=beams)
        rows.begin()

    def scan(self, metres, bearings, age_us=0):
        scan = Ranges(self.rows.now_us - age_us, np.float32(metres), np.float32(bearings))
        return self.tick(self.say.reading(self.port, scan))

    def tick(self, *messages):
        """Run a tick; returns the fastest speeds ahead and behind in um/s."""
        self.rows.block[[B_NEXT_AHEAD, B_NEXT_BEHIND]] = NO_LIMIT
        self.rows.tick(*messages)
        return tuple(self.rows.block[[B_NEXT_AHEAD, B_NEXT_BEHIND]].tolist())


@pytest.fixture
def eyes(rows, say):
    def make(beams=1, **how):
        return Reflex(rows, say, beams, **how)

    return make


def brakes_within(v_ums, metres, reaction_s=REACTION_S):
    """Whether a body that notices late stops within a way, and not if it were 0.1 % faster."""

    def way(v):
        return v * reaction_s + v * v / (2 * BRAKING)

    v = v_ums * 1e-6
    return way(v) <= metres * (1 + 1e-6) and way(1.001 * v) >= metres * (1 - 1e-6)


def test_nothing_is_limited_before_the_first_scan(eyes):
    assert eyes().tick() == FREE


def test_straight_ahead_the_body_can_stop_just_in_time(eyes):
    ahead, behind = eyes().scan([RADIUS + STOP_M + 0.2], [0.0])

    assert brakes_within(ahead, 0.2)
    assert behind == NO_LIMIT


def test_straight_behind_it_is_the_same(eyes):
    ahead, behind = eyes().scan([RADIUS + STOP_M + 0.2], [math.pi])

    assert brakes_within(behind, 0.2)
    assert ahead == NO_LIMIT


def test_an_old_scan_counts_for_less(eyes):
    ahead, _ = eyes().scan([RADIUS + STOP_M + 0.2], [0.0], age_us=30_000)

    assert brakes_within(ahead, 0.2, REACTION_S + 0.03)


def test_a_range_finder_without_a_rate_is_taken_for_a_slow_one(rows, say):
    spec = SourceSpec("lidar", Ranges, (1,), 0.0)
    port = rows.sensor(spec, reflex.build(spec, ROVER, stop_m=STOP_M, dt_us=DT_US), n=1)
    rows.begin()
    rows.tick(say.reading(port, Ranges(0, np.float32([RADIUS + STOP_M + 0.2]), np.float32([0]))))

    assert brakes_within(rows.block[B_NEXT_AHEAD], 0.2, reflex.UNKNOWN_PERIOD_S + 0.001)


@pytest.mark.parametrize("clearance", [STOP_M, 0.0, -0.1])
def test_at_the_clearance_where_it_stands_only_the_way_back_is_left(eyes, clearance):
    ahead, behind = eyes().scan([RADIUS + clearance], [0.0])

    assert ahead <= 1000 * (clearance == STOP_M)
    assert behind == NO_LIMIT


def test_the_front_of_a_round_body_is_further_back_at_its_side(eyes):
    x, y = 0.4, 0.8 * RADIUS
    ahead, _ = eyes().scan([math.hypot(x, y)], [math.atan2(y, x)])

    assert brakes_within(ahead, x - 0.6 * RADIUS - STOP_M)


@pytest.mark.parametrize("side", [1, -1])
def test_what_the_body_passes_limits_nothing(eyes, side):
    x, y = 0.3, side * (RADIUS + 0.02)

    assert eyes().scan([math.hypot(x, y)], [math.atan2(y, x)]) == FREE


def test_a_wall_beside_the_body_limits_nothing(eyes):
    bearings = np.linspace(0.05, math.pi - 0.05, 60)

    assert eyes(60).scan((RADIUS + 0.02) / np.sin(bearings), bearings) == FREE


def test_absent_numbers_limit_nothing(eyes):
    metres = [math.nan, math.inf, -math.inf, -1.0, 0.2]

    assert eyes(5).scan(metres, [0, 0, 0, 0, math.nan]) == FREE


def test_the_nearest_beam_counts(eyes):
    ahead, behind = eyes(4).scan([2.0, 0.5, 1.0, 0.4], [0.0, 0.0, 0.01, math.pi])

    assert brakes_within(ahead, 0.5 - RADIUS - STOP_M)
    assert brakes_within(behind, 0.4 - RADIUS - STOP_M)


def test_a_distance_without_end_does_not_wrap_around(eyes):
    assert eyes().scan([1e38], [0.0]) == FREE


def test_limits_stand_until_the_next_scan(eyes):
    seen = eyes()
    limits = seen.scan([0.3], [0.0])

    assert [seen.tick() for _ in range(3)] == [limits] * 3
    assert seen.scan([math.inf], [0.0]) == FREE


def test_of_several_range_finders_the_tightest_limit_counts(rows, say):
    spec = [SourceSpec(n, Ranges, (1,), RATE_HZ) for n in ("a", "b")]
    ports = [rows.sensor(s, reflex.build(s, ROVER, stop_m=STOP_M, dt_us=DT_US), n=1) for s in spec]
    rows.begin()
    scans = [Ranges(0, np.float32([r]), np.float32([0])) for r in (0.5, 0.3)]
    rows.tick(*(say.reading(p, s) for p, s in zip(ports, scans, strict=True)))

    assert brakes_within(rows.block[B_NEXT_AHEAD], 0.3 - RADIUS - STOP_M)


@settings(max_examples=200, deadline=None)
@given(
    st.floats(0.0, 5.0),
    st.floats(-math.pi, math.pi),
    st.tuples(st.floats(-0.2, 0.2), st.floats(-0.2, 0.2), st.floats(-math.pi, math.pi)),
    st.floats(0.0, 0.2),
)
def test_any_beam_of_any_mounting_is_the_closed_form(new_rows, say, metres, bearing, pose, stop_m):
    seen = Reflex(new_rows(), say, 1, pose, stop_m)
    ahead, behind = seen.scan([metres], [bearing])

    x = pose[0] + metres * math.cos(bearing + pose[2])
    y = pose[1] + metres * math.sin(bearing + pose[2])
    # between the corridor and its margin, and beside the body, rounding decides
    if abs(y) > RADIUS + 0.0101:
        assert (ahead, behind) == FREE
    elif abs(y) < RADIUS - 1e-4 and abs(x) > 1e-4:
        free = max(abs(x) - math.sqrt(RADIUS**2 - y * y) - stop_m, 0.0)
        mine, other = (ahead, behind) if x > 0 else (behind, ahead)
        lost = BRAKING * REACTION_S
        closed = math.sqrt(lost**2 + 2 * BRAKING * free) - lost
        assert mine == pytest.approx(1e6 * closed, rel=1e-3, abs=1e4)
        assert other == NO_LIMIT


# In a robot

RUN = """
[run]
seconds = 20.0
stop_at_goal = false
[plant]
kind = "plane"
world = "empty"
body = "rover"
[sensor.lidar]
kind = "plant.lidar"
[encoder.lidar]
kind = "sectors"
input = "lidar"
sectors = 4
[engine]
kind = "float"
network = "nets.py:build"
[decoder.wheels]
kind = "linear"
input = "cells"
weights = [[0.0], [0.0]]
offset = [{left}, {right}]
[actuator.wheels]
kind = "plant"
"""
NETS = """
from neuroloop.network import Input, Network, Population, Projection, one_to_one

def build():
    return Network(
        (Input("lidar", 4),),
        (Population("cells", 4),),
        (Projection("lidar", "cells", one_to_one(4, 0.0)),),
    )
"""


def _drive(folder, left, right, *changes):
    """Drive blindly; returns contacts, ticks in which the reflex acted, and the way in metres."""
    (folder / "nets.py").write_text(NETS)
    (folder / "run.toml").write_text(RUN.format(left=left, right=right))
    run = runfile.load(str(folder / "run.toml"), list(changes))
    with played(run) as session:
        plant = session.loop.plant
        start, end = plant.world.start, plant.pose()
        arena = session.loop.program.arena
        acted = int(arena["guard.wheels.interventions"][1])
        contacts = session.loop.episode.contacts
        return contacts, acted, math.hypot(end[0] - start[0], end[1] - start[1])


@pytest.mark.parametrize("speed", [0.5, -0.5, 0.3])
def test_a_robot_that_is_driven_at_a_wall_stands_before_it(tmp_path, speed):
    contacts, acted, way = _drive(tmp_path, speed, speed)

    assert contacts == 0
    assert acted > 0
    assert way > 1.0


def test_without_the_reflex_it_drives_into_the_wall(tmp_path):
    contacts, acted, _ = _drive(tmp_path, 0.5, 0.5, "guard.reflex=false")

    assert contacts > 0
    assert acted == 0
