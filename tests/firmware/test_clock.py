"""How the robot comes to know the brain's clock."""

import random

import pytest

from neuroloop.core import robot_protocol as protocol
from neuroloop.mqtt import messages

BOOT = 5
OFFSET_US = 10**12


@pytest.fixture
def offset(firmware):
    return firmware.clock.Offset(BOOT)


def exchange(offset, now_us, there_us=100, back_us=100, away_us=OFFSET_US, **changes):
    """Ask at `now_us`, and be answered; returns when that was, and what was made of it."""
    asked = messages.ask_of(offset.question(now_us))
    asked = messages.Ask(
        **{"boot": asked.boot, "number": asked.number, "asked_us": asked.asked_us, **changes}
    )
    heard_us = now_us + there_us + away_us
    answer = messages.answer(asked, heard_us, heard_us + 30)
    then_us = now_us + there_us + 30 + back_us
    return then_us, offset.heard(answer, then_us)


def test_at_first_it_knows_nothing(offset):
    known_us, uncertainty_us = offset.known(0)
    assert known_us is None
    assert uncertainty_us > protocol.MOST_UNCERTAINTY_US


def test_an_answer_gives_the_offset_and_how_wrong_it_may_be(offset):
    now_us, taken = exchange(offset, 1_000, there_us=400, back_us=100)
    assert taken
    assert offset.known(now_us) == (OFFSET_US + 150, 251)


def test_it_is_never_wrong_by_more_than_it_says(offset):
    noise, now_us = random.Random(3), 0
    for _ in range(200):
        now_us += 1_000_000
        there_us, back_us = noise.randrange(20_000), noise.randrange(20_000)
        then_us, _ = exchange(offset, now_us, there_us, back_us)
        known_us, uncertainty_us = offset.known(then_us)
        assert abs(known_us - OFFSET_US) <= uncertainty_us


def test_the_best_answer_of_the_last_ones_counts(offset):
    exchange(offset, 0, 100, 100)
    now_us, _ = exchange(offset, 1_000_000, 9_000, 9_000)
    known_us, uncertainty_us = offset.known(now_us)
    assert known_us == OFFSET_US
    # and a drift of 100 us a second
    assert 101 < uncertainty_us < 250


def test_what_was_measured_long_ago_is_not_known_any_more(offset):
    now_us, _ = exchange(offset, 0)
    assert offset.known(now_us + 1000 * protocol.CLOCK_OLD_MS)[0] is not None
    assert offset.known(now_us + 1000 * protocol.CLOCK_OLD_MS + 1)[0] is None


def test_a_slow_network_gives_no_offset(offset):
    now_us, taken = exchange(offset, 0, 60_000, 60_000)
    assert taken
    assert offset.known(now_us)[0] is None


def test_the_clock_of_another_brain_replaces_the_first(offset):
    exchange(offset, 0)
    now_us, _ = exchange(offset, 1_000_000, 5_000, 5_000, away_us=77)
    assert abs(offset.known(now_us)[0] - 77) <= 5_001


@pytest.mark.parametrize("changes", [{"boot": 6}, {"number": 2}, {"asked_us": 0}])
def test_answers_to_other_questions_are_refused(offset, changes):
    now_us, taken = exchange(offset, 1_000, **changes)
    assert not taken
    assert offset.known(now_us)[0] is None


def test_an_answer_counts_once_and_not_before_it_can_be_there(offset):
    asked = messages.ask_of(offset.question(1_000))
    # heard and sent so far apart that it would have come back before it was sent
    assert not offset.heard(messages.answer(asked, OFFSET_US, OFFSET_US + 500), 1_400)
    assert not offset.heard(messages.answer(asked, OFFSET_US + 9, OFFSET_US), 1_400)
    good = messages.answer(asked, OFFSET_US, OFFSET_US + 100)
    assert offset.heard(good, 1_400)
    assert not offset.heard(good, 1_500)


def test_it_asks_in_a_hurry_until_it_knows(offset):
    asked = [t for t in range(0, 1_000_000, 10_000) if offset.question(t)]
    assert len(asked) == 10
    then_us, _ = exchange(offset, 1_000_000)
    later = range(then_us, then_us + 10_000_000, 10_000)
    assert len([t for t in later if offset.question(t)]) == pytest.approx(10, abs=1)
