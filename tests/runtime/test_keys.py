"""What keys mean, without a terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroloop.core.body import Body, Drive
from neuroloop.runtime.keys import STEERING, Do, Wish, action, keys

BODY = Body("round", 0.17, Drive(0.035, 0.23, 0.5, 2.0))


def typed(data):
    found, rest = keys(data)
    return [action(key) for key in found], rest


@pytest.mark.parametrize(
    ("data", "asked"),
    [
        (b"w", [Do.FORWARD]),
        (b"W", [Do.FORWARD]),
        (b"\x1b[A", [Do.FORWARD]),
        (b"\x1bOB", [Do.BACKWARD]),
        (b"\x1b[D\x1b[C", [Do.LEFT, Do.RIGHT]),
        (b" ", [Do.EMERGENCY]),
        (b"rexnq?", [Do.RESET, Do.ARM, Do.DISARM, Do.RELEASE, Do.END, Do.HELP]),
        (b"z\n\x00\xc3\xa4", [None] * 5),
    ],
)
def test_each_key_asks_for_its_own(data, asked):
    assert typed(data) == (asked, b"")


@pytest.mark.parametrize("key", [b"\x1b[1;5A", b"\x1b[3~", b"\x1b[15~", b"\x1bOP", b"\x1b[Z"])
def test_keys_that_send_letters_behind_an_escape_do_nothing(key):
    assert typed(key) == ([], b"")


def test_an_arrow_may_come_in_pieces():
    found, rest = keys(b"w\x1b[")
    assert (found, rest) == (["w"], b"\x1b[")
    assert keys(rest + b"Ad") == (["up", "d"], b"")


@given(st.binary(max_size=12))
def test_a_space_is_an_emergency_stop_whatever_came_before(data):
    found, rest = keys(data + b" ")
    assert found[-1] == " "
    assert rest == b""


@given(st.lists(st.sampled_from(STEERING), max_size=60))
def test_no_wish_goes_beyond_the_bodys_limits(pressed):
    wish = Wish()
    for do in pressed:
        wish = wish.after(do)
    left, right = wish.wheels(BODY)
    assert max(abs(left), abs(right)) <= 0.5 + 1e-9


def test_a_held_arrow_ends_at_full_speed_straight_ahead():
    wish = Wish(0, 3)
    for _ in range(20):
        wish = wish.after(Do.FORWARD)
    assert wish.wheels(BODY) == (0.5, 0.5)


def test_left_makes_the_right_wheel_faster_and_keeps_the_way_ahead():
    wish = Wish(4, 0).after(Do.LEFT)
    assert wish.wheels(BODY) == pytest.approx((0.15, 0.25))
    assert wish.after(Do.RIGHT).after(Do.RIGHT).wheels(BODY) == pytest.approx((0.25, 0.15))


def test_a_turn_at_full_speed_makes_the_inner_wheel_slower():
    assert Wish(10, 2).wheels(BODY) == pytest.approx((0.3, 0.5))
