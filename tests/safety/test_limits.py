"""A limb's row: who drives, what expires, and how motion is held within limits."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroloop.config import body
from neuroloop.core.ports import Site
from neuroloop.core.safety import Cause, State
from neuroloop.core.values import Motion
from neuroloop.guard import limits
from neuroloop.safety.block import B_AHEAD, B_BEHIND, B_STATE, NO_LIMIT

DT_US = 1000
ROVER = body.load("rover", Path(), "here")
MOST, SEPARATION = ROVER.drive.max_wheel_mps, ROVER.drive.wheel_separation_m
EXPIRES_US, STEER_US = 200_000, 300_000
ULPS = 4e-7


class Limb:
    """One limb's row, armed."""

    def __init__(self, rows, say, **config):
        self.rows, self.say = rows, say
        kernel = limits.build(limits.Config(**config), Site("guard", 1, DT_US, body=ROVER))
        self.want_port, self.steer_port = rows.limb(kernel)
        rows.begin()
        self.block = rows.block
        self.block[B_STATE] = State.ARMED

    def tick(self, wanted=None, steered=None, **stamps):
        """Run a tick; returns the motion and the causes."""
        now = self.rows.now_us
        messages = [
            self.say.reading(port, Motion(stamps.get(name, now), np.float32(values)))
            for port, name, values in (
                (self.want_port, "wanted_us", wanted),
                (self.steer_port, "steered_us", steered),
            )
            if values is not None
        ]
        motion = self.rows.tick(*messages)
        return motion.tolist(), self.rows.raised()[0]

    def motion(self, wanted, **more):
        return self.tick(wanted, **more)[0]

    @property
    def counts(self):
        counts = self.rows.arena["limb.interventions"].tolist()
        return dict(zip(limits.REASONS, counts, strict=True))


@pytest.fixture
def limb(rows, say):
    return lambda **config: Limb(rows, say, **config)


def way(motion):
    """Forward speed and turning speed."""
    return (motion[0] + motion[1]) / 2, (motion[1] - motion[0]) / SEPARATION


wheel = st.floats(-1.0, 1.0, width=32)
pairs = st.tuples(wheel, wheel)


# What passes


@settings(max_examples=100, deadline=None)
@given(pairs)
def test_motion_within_limits_passes_to_the_bit(new_rows, say, wanted):
    wanted = [np.float32(w * MOST).item() for w in wanted]
    seen = Limb(new_rows(), say)

    assert seen.motion(wanted) == wanted
    assert seen.counts == {"limited": 0, "reflex": 0, "steered": 0}


@pytest.mark.parametrize("state", set(State) - {State.ARMED})
def test_nothing_passes_in_any_state_but_armed(limb, state):
    seen = limb()
    seen.block[B_STATE] = state

    assert seen.tick([0.1, 0.1], steered=[0.2, 0.2]) == ([0, 0], set())


# What is too old, or no number


def test_before_the_first_command_nothing_moves_and_nothing_is_doubtful(limb):
    seen = limb()

    assert [seen.tick() for _ in range(3)] == [([0, 0], set())] * 3


def test_a_command_expires_after_its_time(limb):
    seen = limb()
    seen.tick([0.1, 0.2])
    ticks = [seen.tick() for _ in range(201)]

    moved = [motion != [0, 0] for motion, _ in ticks]
    assert moved == [True] * 200 + [False]
    assert [causes for _, causes in ticks] == [set()] * 200 + [{Cause.EXPIRED}]
    assert seen.tick([0.1, 0.2])[1] == set()


def test_a_command_that_comes_too_late_never_moves(limb):
    seen = limb()
    seen.rows.index = 500

    assert seen.tick([0.1, 0.1], wanted_us=500_000 - EXPIRES_US - 1) == ([0, 0], {Cause.EXPIRED})


def test_a_command_from_the_future_counts_as_of_now(limb):
    seen = limb()
    seen.tick([0.1, 0.1], steered=[0.2, 0.2], wanted_us=10**15, steered_us=10**15)
    ticks = [seen.tick() for _ in range(STEER_US // DT_US + 1)]

    assert ticks[-2][0] == pytest.approx([0.2, 0.2])
    assert ticks[-1] == ([0, 0], {Cause.EXPIRED})


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("channel", [0, 1])
def test_what_is_no_number_is_zero_on_every_channel(limb, bad, channel):
    seen, wanted = limb(), [0.1, 0.1]
    seen.tick([0.1, 0.1])
    wanted[channel] = bad

    assert seen.tick(wanted) == ([0, 0], {Cause.BAD_MOTION})
    assert seen.tick() == ([0, 0], {Cause.BAD_MOTION})
    assert seen.tick([0.1, 0.1])[1] == set()


# Who drives


def test_a_person_comes_before_the_network_until_the_steering_expires(limb):
    seen = limb()
    seen.tick([0.1, 0.1], steered=[-0.2, 0.2])
    ticks = [seen.motion([0.1, 0.1]) for _ in range(301)]

    assert ticks[:300] == [pytest.approx([-0.2, 0.2])] * 300
    assert ticks[300] == pytest.approx([0.1, 0.1])
    assert seen.counts["steered"] == 301


def test_while_a_person_steers_the_network_may_be_silent_or_wrong(limb):
    seen = limb()
    seen.tick([0.1, 0.1])
    for _ in range(400):
        motion, causes = seen.tick(steered=[0.2, 0.2])
    assert (motion, causes) == (pytest.approx([0.2, 0.2]), set())
    assert seen.tick([np.nan, 0], steered=[0.2, 0.2])[1] == set()


def test_a_person_can_steer_before_the_network_wants_anything(limb):
    assert limb().tick(steered=[0.2, 0.2])[0] == pytest.approx([0.2, 0.2])


def test_steering_that_has_expired_lets_the_network_drive_at_once(limb):
    seen = limb()
    seen.tick([0.1, 0.1], steered=[0.2, 0.2])

    motion, causes = seen.tick([0.1, 0.1], steered=[0, 0], steered_us=-(10**9))
    assert (motion, causes) == (pytest.approx([0.1, 0.1]), set())


# Limits


@settings(max_examples=200, deadline=None)
@given(
    pairs,
    st.one_of(st.none(), st.floats(0.01, 1.0)),
    st.one_of(st.none(), st.floats(0.05, 10.0)),
    st.tuples(*[st.one_of(st.just(NO_LIMIT), st.integers(0, 600_000))] * 2),
)
def test_motion_is_within_every_limit_and_goes_the_way_that_was_wanted(
    new_rows, say, wanted, speed, turn, reflexes
):
    ahead, behind = reflexes
    seen = Limb(new_rows(), say, max_speed_mps=speed, max_turn_radps=turn)
    seen.block[[B_AHEAD, B_BEHIND]] = ahead, behind
    motion = seen.motion(wanted)

    forward, turning = way(motion)
    assert max(map(abs, motion)) <= np.float32(MOST)
    assert -min(speed or 9, behind / 1e6) - ULPS <= forward <= min(speed or 9, ahead / 1e6) + ULPS
    assert abs(turning) <= (turn or 99) + ULPS / SEPARATION
    wanted_forward, wanted_turn = way(wanted)
    assert forward * wanted_forward >= -ULPS
    assert turning * wanted_turn >= -ULPS
    assert abs(forward) <= abs(wanted_forward) + ULPS
    assert abs(turning) <= abs(wanted_turn) + ULPS / SEPARATION


def test_a_wheel_beyond_its_limit_slows_the_other_too_so_that_the_curve_stays(limb):
    seen = limb()

    assert seen.motion([2 * MOST, MOST]) == pytest.approx([MOST, MOST / 2])
    assert seen.motion([-MOST, -4 * MOST]) == pytest.approx([-MOST / 4, -MOST])
    assert seen.counts["limited"] == 2


def test_the_reflex_takes_forward_speed_alone_and_is_counted(limb):
    seen = limb()
    seen.block[[B_AHEAD, B_BEHIND]] = 0, NO_LIMIT

    assert seen.motion([0.2, 0.4]) == pytest.approx([-0.1, 0.1])
    assert seen.motion([-0.2, 0.2]) == pytest.approx([-0.2, 0.2])
    assert seen.motion([-0.2, -0.4]) == pytest.approx([-0.2, -0.4])
    assert seen.counts == {"limited": 0, "reflex": 1, "steered": 0}
    seen.block[[B_AHEAD, B_BEHIND]] = NO_LIMIT, 100_000
    assert seen.motion([-0.3, -0.3]) == pytest.approx([-0.1, -0.1])
    assert seen.counts["reflex"] == 2


def test_the_reflex_holds_back_a_person_too(limb):
    seen = limb()
    seen.block[B_AHEAD] = 0

    assert seen.motion([0, 0], steered=[0.3, 0.3]) == [0, 0]


def test_several_limits_in_one_tick_count_once(limb):
    seen = limb(max_speed_mps=0.4, max_turn_radps=0.1, max_accel_mps2=1.0)
    seen.motion([9, 8])

    assert seen.counts["limited"] == 1


# Getting faster


def test_a_wheel_gets_faster_as_slowly_as_was_asked_for_and_stops_at_once(limb):
    seen = limb(max_accel_mps2=2.0)
    speeds = [seen.motion([0.3, 0.3])[0] for _ in range(4)]

    assert speeds == pytest.approx([0.002, 0.004, 0.006, 0.008])
    assert seen.motion([0.003, 0.003])[0] == pytest.approx(0.003)
    assert seen.motion([-0.3, -0.3])[0] == pytest.approx(-0.002)
    assert seen.motion([0, 0]) == [0, 0]


def test_motion_begins_from_standstill_again_after_a_stop(limb):
    seen = limb(max_accel_mps2=2.0)
    for _ in range(10):
        seen.motion([0.3, 0.3])
    seen.block[B_STATE] = State.HOLD
    assert seen.motion([0.3, 0.3]) == [0, 0]
    seen.block[B_STATE] = State.ARMED

    assert seen.motion([0.3, 0.3])[0] == pytest.approx(0.002)


def test_getting_faster_slowly_never_beats_the_reflex(limb):
    seen = limb(max_accel_mps2=2.0)
    for _ in range(100):
        seen.motion([0.0, 0.2])
    seen.block[B_AHEAD] = 0

    assert way(seen.motion([-0.2, 0.2]))[0] <= ULPS


def test_by_default_a_wheel_may_get_faster_at_once(limb):
    assert limb().motion([MOST, -MOST]) == pytest.approx([MOST, -MOST])
