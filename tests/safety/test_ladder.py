"""The ladder, rung by rung."""

import pytest

from neuroloop.config.runfile import Ladder
from neuroloop.core.safety import MOST_WHO, Cause, Order, State
from neuroloop.safety.block import (
    B_ACTIVE,
    B_AHEAD,
    B_BEHIND,
    B_BY,
    B_COUNTS,
    B_NEXT_AHEAD,
    B_NEXT_BEHIND,
    B_REFUSED,
    B_STOPS,
    B_WARNED,
    B_WARNINGS,
    B_WHO,
    NO_LIMIT,
    NOBODY,
)

DT_US = 1000
HOLD_US, OVERRUN_US, OFF_US = 5000, 4000, 20_000
SETTINGS = Ladder(hold_ms=HOLD_US / 1e3, overrun_ms=OVERRUN_US / 1e3, off_s=OFF_US / 1e6)


@pytest.fixture
def guard(new_guard):
    return new_guard(SETTINGS)


@pytest.fixture
def armed(guard):
    assert guard.tick(orders=[Order.ARM]) is State.ARMED
    return guard


def test_at_first_nothing_moves_until_somebody_arms(guard):
    assert set(guard.ticks(10)) == {State.DISARMED}
    assert guard.tick(orders=[Order.ARM]) is State.ARMED


def test_a_cause_holds_in_its_own_tick_and_motion_goes_on_when_it_is_gone(armed):
    assert armed.tick([Cause.NOT_FINITE]) is State.HOLD
    assert armed.tick() is State.ARMED
    assert armed.block[B_STOPS] == 1
    assert armed.ended == (Cause.NOT_FINITE, 0, 1000)


def test_a_hold_that_lasts_becomes_a_stop_that_only_an_order_ends(armed):
    states = armed.ticks(HOLD_US // DT_US + 2, [Cause.SILENT])

    assert states == [State.HOLD] * (HOLD_US // DT_US + 1) + [State.STOPPED]
    assert set(armed.ticks(10)) == {State.STOPPED}
    assert armed.tick(orders=[Order.ARM]) is State.ARMED


def test_a_hold_that_was_too_long_becomes_a_stop_though_all_is_well_by_then(armed):
    armed.tick([Cause.LOST])

    assert armed.tick(skipped=HOLD_US // DT_US) is State.STOPPED


def test_causes_that_take_turns_hold_as_one_does(armed):
    turns = [[Cause.SILENT], [Cause.LOST]] * 10

    assert State.ARMED not in [armed.tick(causes) for causes in turns]
    assert armed.state is State.STOPPED
    assert armed.ended[0] is Cause.SILENT


def test_a_stop_becomes_off_after_a_while_and_can_be_armed_from_there(armed):
    armed.tick(orders=[(Order.FAULT, 2)])
    armed.ticks(HOLD_US // DT_US)
    states = armed.ticks(OFF_US // DT_US + 2)

    assert states == [State.STOPPED] * (OFF_US // DT_US + 1) + [State.OFF]
    assert armed.tick(orders=[(Order.CLEAR, 2), Order.ARM]) is State.ARMED


@pytest.mark.parametrize("cause", set(Cause) - {Cause.ORDER, Cause.PART, Cause.EMERGENCY})
def test_an_order_to_arm_is_refused_while_any_cause_stands(guard, cause):
    assert guard.tick([cause], [Order.ARM]) is State.DISARMED
    assert guard.block[B_REFUSED] == 1
    assert guard.tick() is State.DISARMED


def test_a_failed_part_holds_at_once_and_blocks_until_it_is_well_itself(armed):
    assert armed.tick(orders=[(Order.FAULT, 7), (Order.FAULT, MOST_WHO - 1)]) is State.HOLD
    assert armed.ended == (Cause.PART, -8, 1000)
    assert armed.ticks(HOLD_US // DT_US + 1)[-1] is State.STOPPED
    armed.tick(orders=[(Order.CLEAR, 7), Order.ARM])
    armed.tick(orders=[(Order.CLEAR, 3), Order.ARM])
    assert armed.block[B_REFUSED] == 2
    assert armed.block[B_ACTIVE] == 1 << Cause.PART
    assert armed.tick(orders=[(Order.CLEAR, MOST_WHO - 1)]) is State.STOPPED
    assert armed.tick(orders=[Order.ARM]) is State.ARMED


def test_a_part_that_fails_for_a_moment_holds_for_that_moment(armed):
    assert armed.tick(orders=[(Order.FAULT, 7)]) is State.HOLD
    assert armed.tick() is State.HOLD
    assert armed.tick(orders=[(Order.CLEAR, 7)]) is State.ARMED


def _into(guard, state):
    """Bring a guard that is armed into a state."""
    if state is State.EMERGENCY:
        guard.tick(orders=[(Order.STOP, 9)])
    elif state is State.DISARMED:
        guard.tick(orders=[Order.DISARM])
    elif state is not State.ARMED:
        ticks = {State.HOLD: 1, State.STOPPED: 8, State.OFF: 40}[state]
        guard.ticks(ticks, [Cause.SILENT])
    assert guard.state is state


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("how", ["order", "sensor"])
def test_an_emergency_is_latched_from_any_state(armed, state, how):
    _into(armed, state)
    if how == "order":
        armed.tick(orders=[(Order.STOP, 4)])
    else:
        armed.tick({Cause.EMERGENCY: 6})

    assert armed.state is State.EMERGENCY
    if state is not State.EMERGENCY:
        assert armed.ended[:2] == (Cause.EMERGENCY, -5 if how == "order" else 6)
    armed.tick(orders=[Order.ARM])
    armed.tick(orders=[Order.DISARM])
    armed.tick(orders=[(Order.CLEAR, 4)])
    assert set(armed.ticks(100)) == {State.EMERGENCY}
    assert armed.tick(orders=[Order.RESET]) is State.DISARMED
    assert armed.tick(orders=[Order.ARM]) is State.ARMED


def test_an_emergency_cannot_be_reset_while_its_button_is_pressed(armed):
    assert armed.tick([Cause.EMERGENCY], [Order.RESET]) is State.EMERGENCY
    assert armed.tick([Cause.EMERGENCY], [Order.RESET]) is State.EMERGENCY
    assert armed.tick(orders=[Order.RESET]) is State.DISARMED


def test_an_order_to_reset_does_nothing_else(armed):
    for state in (State.ARMED, State.HOLD, State.STOPPED, State.OFF):
        _into(armed, state)
        armed.tick([Cause.SILENT] if state is State.HOLD else [], [Order.RESET])
        assert armed.state is state
        armed.tick(orders=[Order.ARM])


def test_orders_are_followed_in_their_order(guard):
    assert guard.tick(orders=[Order.STOP, Order.RESET, Order.ARM]) is State.ARMED
    assert guard.tick(orders=[Order.ARM, Order.STOP]) is State.EMERGENCY


def test_an_order_to_disarm_names_who_gave_it(armed):
    armed.tick(orders=[(Order.DISARM, 3)])

    assert armed.ended == (Cause.ORDER, -4, 1000)
    assert set(armed.ticks(10)) == {State.DISARMED}


def test_ticks_that_were_skipped_for_too_long_are_a_stop(armed):
    assert armed.tick(skipped=OVERRUN_US // DT_US - 1) is State.ARMED
    assert armed.tick(skipped=OVERRUN_US // DT_US) is State.STOPPED
    assert armed.ended[:2] == (Cause.OVERRUN, NOBODY)
    assert armed.block[B_WARNED + Cause.OVERRUN] == 2
    assert armed.block[B_COUNTS + Cause.OVERRUN] == 1


def test_one_long_tick_is_no_overrun_however_long(new_guard):
    guard = new_guard(Ladder(overrun_ms=0.5))
    guard.tick(orders=[Order.ARM])

    assert guard.tick(skipped=1) is State.ARMED
    assert guard.tick(skipped=2) is State.STOPPED


def test_skipped_ticks_are_blamed_for_what_they_brought_about(armed):
    armed.tick({Cause.SILENT: 3}, skipped=OVERRUN_US // DT_US)

    assert armed.ended[:2] == (Cause.OVERRUN, NOBODY)


def test_each_cause_is_blamed_on_who_raised_it(armed):
    armed.tick({Cause.NOT_FINITE: 8, Cause.SILENT: 2})

    assert armed.ended[:2] == (Cause.SILENT, 2)
    assert armed.block[B_WHO] == 2
    assert armed.block[B_BY + Cause.NOT_FINITE] == 8


def test_a_broken_network_is_a_cause(armed):
    assert armed.tick(broken=True) is State.HOLD
    assert armed.ended[0] is Cause.NETWORK


# Arming by itself


def test_it_arms_itself_once_as_soon_as_nothing_stands_against_it(new_guard):
    guard = new_guard(SETTINGS, start=True)

    assert set(guard.ticks(5, [Cause.SILENT])) == {State.DISARMED}
    assert guard.tick(orders=[Order.ARM], causes=[Cause.SILENT]) is State.DISARMED
    assert guard.tick() is State.ARMED
    guard.ticks(10, [Cause.SILENT])
    assert set(guard.ticks(10)) == {State.STOPPED}
    guard.tick(orders=[Order.DISARM])
    assert set(guard.ticks(10)) == {State.DISARMED}


@pytest.mark.parametrize("order", [Order.DISARM, Order.STOP])
def test_it_no_longer_arms_itself_when_somebody_ordered_it_not_to_move(new_guard, order):
    guard = new_guard(SETTINGS, start=True)
    guard.tick([Cause.SILENT], [order])
    guard.tick(orders=[Order.RESET])

    assert set(guard.ticks(10)) == {State.DISARMED}


def test_it_does_not_arm_itself_after_an_emergency(new_guard):
    guard = new_guard(SETTINGS, start=True)
    guard.tick([Cause.EMERGENCY])
    guard.tick(orders=[Order.RESET])

    assert set(guard.ticks(10)) == {State.DISARMED}


def test_it_waits_for_failed_parts(new_guard):
    guard = new_guard(SETTINGS, start=True)

    assert guard.tick(orders=[(Order.FAULT, 1)]) is State.DISARMED
    assert guard.tick() is State.DISARMED
    assert guard.tick(orders=[(Order.CLEAR, 1)]) is State.ARMED


# What it hands on


def test_the_reflexes_of_a_tick_are_handed_on_and_forgotten(guard):
    guard.block[[B_NEXT_AHEAD, B_NEXT_BEHIND]] = 120_000, 340_000
    guard.tick()
    assert guard.block[[B_AHEAD, B_BEHIND]].tolist() == [120_000, 340_000]
    guard.tick()
    assert guard.block[[B_AHEAD, B_BEHIND]].tolist() == [NO_LIMIT, NO_LIMIT]


def test_warnings_are_counted_and_stop_nothing(armed):
    armed.block[B_WARNINGS] = 1 << Cause.SILENT

    assert armed.tick() is State.ARMED
    assert armed.tick() is State.ARMED
    assert armed.block[B_WARNED + Cause.SILENT] == 1
