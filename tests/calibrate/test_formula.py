import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroloop.calibrate.formula import Leg, Way, lengths
from neuroloop.core.body import Drive
from neuroloop.core.errors import ConfigError

DRIVE = Drive(0.035, 0.23, 0.5, 2.0)


def went(way, commanded, radius_m, separation_m):
    """How far a robot of these lengths goes, from the speeds of its wheels: plain kinematics."""
    signs = way.value
    believed = commanded if way.straight else commanded * DRIVE.wheel_separation_m / 2
    rolled = [sign * believed / DRIVE.wheel_radius_m * radius_m for sign in signs]
    if way.straight:
        return abs(rolled[0] + rolled[1]) / 2
    return abs(rolled[1] - rolled[0]) / separation_m


@given(st.floats(0.028, 0.045), st.floats(0.17, 0.34), st.floats(0.5, 5), st.floats(2, 20))
def test_the_lengths_of_a_robot_follow_from_where_it_went(radius, separation, metres, radians):
    amounts = {way: metres if way.straight else radians for way in Way}
    legs = [Leg(way, a, went(way, a, radius, separation)) for way, a in amounts.items()]
    found = lengths(DRIVE, legs)
    assert found.wheel_radius_m == pytest.approx(radius)
    assert found.wheel_separation_m == pytest.approx(separation)


def test_what_adds_one_way_and_takes_the_other_way_cancels():
    legs = [
        Leg(Way.FORWARD, 2.0, 2.1 + 0.05),
        Leg(Way.BACKWARD, 2.0, 2.1 - 0.05),
        Leg(Way.LEFT, 12.0, 12.6 - 0.3),
        Leg(Way.RIGHT, 12.0, 12.6 + 0.3),
    ]
    found = lengths(DRIVE, legs)
    assert found.wheel_radius_m == pytest.approx(0.035 * 1.05)
    assert found.wheel_separation_m == pytest.approx(0.23)


def test_a_slip_of_the_unit_is_refused_with_both_numbers():
    legs = [Leg(Way.FORWARD, 2.0, 197.0), Leg(Way.LEFT, math.tau, math.tau)]
    with pytest.raises(ConfigError, match=r"forward: 197.000 m measured where 2.000 m"):
        lengths(DRIVE, legs)


@pytest.mark.parametrize("way", [Way.FORWARD, Way.RIGHT])
def test_both_a_way_and_a_turn_are_needed(way):
    with pytest.raises(ConfigError, match="a way straight ahead and a turn"):
        lengths(DRIVE, [Leg(way, 1.0, 1.0)])
