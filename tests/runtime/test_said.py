"""The guard's memory in words."""

import pytest

from neuroloop.core.safety import Cause, State
from neuroloop.runtime.assemble import opened
from neuroloop.runtime.said import said, state_of
from neuroloop.safety.block import (
    B_ACTIVE,
    B_BLAMED,
    B_BY,
    B_CAUSE,
    B_SINCE_US,
    B_STATE,
    B_STOPPED_US,
    B_WARNED,
    NOBODY,
)


@pytest.fixture
def loop(robot):
    with opened(robot(), 1000) as loop:
        loop.orders.names += ["keyboard", 'sensor "ears"']
        yield loop


def port(loop, name):
    return next(feed.port for feed in loop.intake.feeds if feed.name == name)


def put(loop, state, since_us=0, cause=None, who=NOBODY, stopped_us=0, active=()):  # noqa: PLR0913, PLR0917
    block = loop.program.arena["guard.block"]
    block[B_STATE], block[B_SINCE_US] = state, since_us
    block[B_CAUSE] = 0 if cause is None else 1 + cause
    block[B_BLAMED], block[B_STOPPED_US] = who, stopped_us
    block[B_ACTIVE] = sum(1 << c for c in active)
    for c in active:
        block[B_BY + c] = who


def test_a_stop_names_when_and_the_sensor(loop):
    who = port(loop, "ears")
    put(loop, State.STOPPED, 3_310_000, Cause.SILENT, who, 3_210_000, [Cause.SILENT])
    found = said(loop)
    assert found["short"] == 'stopped at 3.21 s: sensor "ears" silent'
    assert found["ended"]["who"] == 'sensor "ears"'
    assert found["causes"] == ["silent"]
    assert found["against"] == ['sensor "ears" silent']
    assert found["state"] == "stopped"
    assert state_of(loop) is State.STOPPED


@pytest.mark.parametrize(
    ("state", "cause", "who", "words"),
    [
        (State.EMERGENCY, Cause.EMERGENCY, -1, "emergency stop by keyboard at 2.00 s"),
        (State.DISARMED, Cause.ORDER, -1, "disarmed by keyboard at 2.00 s"),
        (State.STOPPED, Cause.PART, -2, 'stopped at 2.00 s: sensor "ears" failed'),
        (State.HOLD, Cause.OVERRUN, NOBODY, "held at 2.00 s: ticks skipped for too long"),
        (State.OFF, Cause.PART, NOBODY, "off at 2.00 s: a part failed"),
        (State.STOPPED, Cause.SILENT, -60, "stopped at 2.00 s: a sensor silent"),
    ],
)
def test_who_is_to_blame(loop, state, cause, who, words):
    put(loop, state, 2_000_000, cause, who, 2_000_000)
    assert said(loop)["short"] == words


def test_what_was_ended_before_is_told_after_it(loop):
    put(loop, State.ARMED, 5_000_000, Cause.ORDER, -1, 2_000_000)
    assert said(loop)["short"] == (
        "armed since 5.00 s; motion ended last at 2.00 s: disarmed by keyboard"
    )


def test_before_any_motion_it_says_what_stands_against_it(loop):
    put(loop, State.DISARMED, who=port(loop, "ears"), active=[Cause.OUT_OF_RANGE])
    assert said(loop)["short"] == 'disarmed; against arming: sensor "ears" out of its range'


def test_each_of_several_causes_has_its_own_name(loop):
    active = [Cause.SILENT, Cause.OVERRUN]
    put(loop, State.DISARMED, who=port(loop, "ears"), active=active)
    assert said(loop)["against"] == ['sensor "ears" silent', "ticks skipped for too long"]


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_has_words(loop, cause):
    put(loop, State.STOPPED, 1, cause, port(loop, "ears"), 1, [cause])
    found = said(loop)
    assert found["ended"]["cause"] == cause.name.lower()
    assert "{" not in found["text"]


def test_warnings_are_counted_behind_the_state(loop):
    put(loop, State.ARMED)
    loop.program.arena["guard.block"][B_WARNED + Cause.OVERRUN] = 12
    assert said(loop)["text"] == "armed since 0.00 s; ticks with warnings: overrun 12"


def test_what_moves_nothing_has_nothing_to_say(loop):
    del loop.program.arena.fields["guard.block"]
    assert said(loop) == {}
    assert state_of(loop) is None
