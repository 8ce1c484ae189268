"""The ladder against a slow twin in plain Python, and rung by rung."""

from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroloop.config.runfile import Ladder
from neuroloop.core.safety import MOST_WHO, Cause, Order, State
from neuroloop.engine.row import H_BROKEN, H_CAUSES, H_GUARD
from neuroloop.safety import ladder
from neuroloop.safety.block import (
    B_ACTIVE,
    B_AHEAD,
    B_BEHIND,
    B_BLAMED,
    B_BY,
    B_CAUSE,
    B_CAUSES,
    B_COUNTS,
    B_NEXT_AHEAD,
    B_NEXT_BEHIND,
    B_REFUSED,
    B_SINCE_US,
    B_STATE,
    B_STOPPED_US,
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
MOVING = (State.ARMED, State.HOLD)


@dataclass
class Twin:
    """What the ladder should do, written from its description."""

    arms_itself: bool
    state: State = State.DISARMED
    since_us: int = 0
    ended: tuple[int, int, int] = (0, 0, 0)
    """1 + cause, who, when"""
    stops: int = 0
    refused: int = 0
    failed: set[int] = field(default_factory=set)
    causes: dict[Cause, int] = field(default_factory=dict)
    ticks: Counter = field(default_factory=Counter)

    def tick(self, now, causes, orders, skipped, broken):
        self.causes = dict(causes)
        if skipped >= 2 and skipped * DT_US >= OVERRUN_US:
            self.causes[Cause.OVERRUN] = NOBODY
        if broken:
            self.causes[Cause.NETWORK] = NOBODY
        for order, who in orders:
            getattr(self, order.name.lower())(who, now)
        if self.failed:
            self.causes[Cause.PART] = -1 - min(self.failed)
        self.climb(now)
        self.ticks.update(list(self.causes))

    @property
    def worst(self):
        """The cause that is blamed."""
        if Cause.OVERRUN in self.causes:
            return Cause.OVERRUN
        return min(self.causes, default=None)

    def climb(self, now):
        lasted = now - self.since_us
        if Cause.EMERGENCY in self.causes:
            self.halt(State.EMERGENCY, Cause.EMERGENCY, self.causes[Cause.EMERGENCY], now)
        elif self.state is State.ARMED and self.causes:
            self.halt(State.HOLD, self.worst, self.causes[self.worst], now)
        elif self.state is State.HOLD and lasted > HOLD_US:
            self.go(State.STOPPED, now)
        elif self.state is State.STOPPED and lasted > OFF_US:
            self.go(State.OFF, now)
        elif not self.causes and (
            self.state is State.HOLD or (self.state is State.DISARMED and self.arms_itself)
        ):
            self.arms_itself = False
            self.go(State.ARMED, now)
        if self.state is State.HOLD and Cause.OVERRUN in self.causes:
            self.go(State.STOPPED, now)

    def go(self, state, now):
        if state is not self.state:
            self.state, self.since_us = state, now

    def halt(self, state, cause, who, now):
        self.stops += self.state is State.ARMED
        if state is State.EMERGENCY:
            self.arms_itself = False
        if self.state in MOVING or self.state is not state:
            self.ended = (1 + cause, who, now)
        self.go(state, now)

    def arm(self, who, now):
        if self.causes or self.failed or self.state is State.EMERGENCY:
            self.refused += 1
        else:
            self.arms_itself = False
            self.go(State.ARMED, now)

    def disarm(self, who, now):
        self.arms_itself = False
        if self.state in MOVING:
            self.halt(State.DISARMED, Cause.ORDER, -1 - who, now)
        elif self.state is not State.EMERGENCY:
            self.go(State.DISARMED, now)

    def reset(self, who, now):
        if self.state is State.EMERGENCY and Cause.EMERGENCY not in self.causes:
            self.go(State.DISARMED, now)

    def stop(self, who, now):
        self.halt(State.EMERGENCY, Cause.EMERGENCY, -1 - who, now)

    def fault(self, who, now):
        self.failed.add(who)
        if self.state in MOVING:
            self.halt(State.STOPPED, Cause.PART, -1 - who, now)

    def clear(self, who, now):
        self.failed.discard(who)


class Guard:
    """The row itself."""

    def __init__(self, rows, say, *, start=False, config=SETTINGS):
        self.say, self.rows = say, rows
        self.port = rows.ladder(ladder.build(config, start=start, dt_us=DT_US))
        rows.begin()
        self.block = rows.block

    def tick(self, causes=(), orders=(), skipped=0, broken=False):
        causes = causes if isinstance(causes, dict) else dict.fromkeys(causes, 0)
        for cause, who in causes.items():
            self.block[B_CAUSES] |= 1 << cause
            self.block[B_BY + cause] = who
        self.rows.arena.header[H_BROKEN] = broken
        orders = [(o, 0) if isinstance(o, Order) else o for o in orders]
        message = [self.say.orders(self.port, *orders)] if orders else []
        self.rows.tick(*message, skipped=skipped)
        assert self.rows.arena.header[H_GUARD] == self.block[B_STATE]
        assert self.rows.arena.header[H_CAUSES] == self.block[B_ACTIVE]
        return self.state

    def ticks(self, n, causes=()):
        return [self.tick(causes) for _ in range(n)]

    @property
    def state(self):
        return State(int(self.block[B_STATE]))

    @property
    def ended(self):
        cause, who, t_us = (int(self.block[w]) for w in (B_CAUSE, B_BLAMED, B_STOPPED_US))
        return Cause(cause - 1), who, t_us


@pytest.fixture
def guard(rows, say):
    return Guard(rows, say)


@pytest.fixture
def armed(guard):
    assert guard.tick(orders=[Order.ARM]) is State.ARMED
    return guard


# Beside the twin

sources = st.sampled_from([0, 3, NOBODY])
raised = st.dictionaries(
    st.sampled_from([Cause.SILENT, Cause.LOST, Cause.EXPIRED, Cause.EMERGENCY, Cause.NOT_FINITE]),
    sources,
    max_size=3,
)
orders = st.lists(
    st.tuples(
        st.sampled_from([Order.ARM, Order.ARM, *Order]),
        st.sampled_from([0, 1, 5, MOST_WHO - 1]),
    ),
    max_size=3,
)
steps = st.lists(
    st.tuples(
        st.integers(1, 8),
        st.one_of(st.just({}), raised),
        st.one_of(st.just([]), orders),
        st.sampled_from([0, 0, 0, 1, 3, 4, 30]),
        st.sampled_from([False] * 9 + [True]),
    ),
    min_size=1,
    max_size=30,
)
WITHOUT_ORDER = {
    State.DISARMED: {State.DISARMED, State.EMERGENCY},
    State.ARMED: {State.ARMED, State.HOLD, State.STOPPED, State.EMERGENCY},
    State.HOLD: {State.HOLD, State.ARMED, State.STOPPED, State.EMERGENCY},
    State.STOPPED: {State.STOPPED, State.OFF, State.EMERGENCY},
    State.OFF: {State.OFF, State.EMERGENCY},
    State.EMERGENCY: {State.EMERGENCY},
}


@settings(max_examples=200, deadline=None)
@given(steps, st.booleans())
def test_the_row_does_what_its_twin_does(new_rows, say, play, start):
    guard, twin = Guard(new_rows(), say, start=start), Twin(start)
    for n, causes, given_orders, skipped, broken in play:
        for k in range(n):
            now_orders, now_skipped = (given_orders, skipped) if k == 0 else ([], 0)
            now = guard.rows.now_us + now_skipped * DT_US
            guard.tick(causes, now_orders, now_skipped, broken)
            twin.tick(now, causes, now_orders, now_skipped, broken)
            block = guard.block
            assert guard.state is twin.state
            assert block[B_SINCE_US] == twin.since_us
            assert tuple(block[[B_CAUSE, B_BLAMED, B_STOPPED_US]]) == twin.ended
            assert (block[B_STOPS], block[B_REFUSED]) == (twin.stops, twin.refused)
            assert block[B_ACTIVE] == sum(1 << c for c in twin.causes)
            assert all(block[B_BY + c] == who for c, who in twin.causes.items())
            assert block[B_WHO] == twin.causes.get(twin.worst, NOBODY)
    assert {c: guard.block[B_COUNTS + c] for c in Cause} == {c: twin.ticks[c] for c in Cause}


@settings(max_examples=200, deadline=None)
@given(steps)
def test_nothing_begins_to_move_without_an_order_but_out_of_a_hold(new_rows, say, play):
    guard = Guard(new_rows(), say)
    for n, causes, given_orders, skipped, broken in play:
        for k in range(n):
            now_orders = given_orders if k == 0 else []
            before = guard.state
            after = guard.tick(causes, now_orders, skipped if k == 0 else 0, broken)
            armed = any(order is Order.ARM for order, _ in now_orders)
            if not now_orders:
                assert after in WITHOUT_ORDER[before]
            if after is State.ARMED and not armed:
                assert before in MOVING
            if after is State.ARMED:
                assert guard.block[B_ACTIVE] == 0


# The ladder, rung by rung


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
    states = armed.ticks(OFF_US // DT_US + 1)

    assert states == [State.STOPPED] * (OFF_US // DT_US) + [State.OFF]
    assert armed.tick(orders=[(Order.CLEAR, 2), Order.ARM]) is State.ARMED


@pytest.mark.parametrize("cause", set(Cause) - {Cause.ORDER, Cause.PART, Cause.EMERGENCY})
def test_an_order_to_arm_is_refused_while_any_cause_stands(guard, cause):
    assert guard.tick([cause], [Order.ARM]) is State.DISARMED
    assert guard.block[B_REFUSED] == 1
    assert guard.tick() is State.DISARMED


def test_a_failed_part_stops_at_once_and_blocks_until_it_is_well_itself(armed):
    assert armed.tick(orders=[(Order.FAULT, 7), (Order.FAULT, MOST_WHO - 1)]) is State.STOPPED
    assert armed.ended == (Cause.PART, -8, 1000)
    armed.tick(orders=[(Order.CLEAR, 7), Order.ARM])
    armed.tick(orders=[(Order.CLEAR, 3), Order.ARM])
    assert armed.block[B_REFUSED] == 2
    assert armed.block[B_ACTIVE] == 1 << Cause.PART
    assert armed.tick(orders=[(Order.CLEAR, MOST_WHO - 1)]) is State.STOPPED
    assert armed.tick(orders=[Order.ARM]) is State.ARMED


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


def test_one_long_tick_is_no_overrun_however_long(rows, say):
    guard = Guard(rows, say, config=Ladder(overrun_ms=0.5))
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


def test_it_arms_itself_once_as_soon_as_nothing_stands_against_it(rows, say):
    guard = Guard(rows, say, start=True)

    assert set(guard.ticks(5, [Cause.SILENT])) == {State.DISARMED}
    assert guard.tick(orders=[Order.ARM], causes=[Cause.SILENT]) is State.DISARMED
    assert guard.tick() is State.ARMED
    guard.ticks(10, [Cause.SILENT])
    assert set(guard.ticks(10)) == {State.STOPPED}
    guard.tick(orders=[Order.DISARM])
    assert set(guard.ticks(10)) == {State.DISARMED}


@pytest.mark.parametrize("order", [Order.DISARM, Order.STOP])
def test_it_no_longer_arms_itself_when_somebody_ordered_it_not_to_move(rows, say, order):
    guard = Guard(rows, say, start=True)
    guard.tick([Cause.SILENT], [order])
    guard.tick(orders=[Order.RESET])

    assert set(guard.ticks(10)) == {State.DISARMED}


def test_it_does_not_arm_itself_after_an_emergency(rows, say):
    guard = Guard(rows, say, start=True)
    guard.tick([Cause.EMERGENCY])
    guard.tick(orders=[Order.RESET])

    assert set(guard.ticks(10)) == {State.DISARMED}


def test_it_waits_for_failed_parts(rows, say):
    guard = Guard(rows, say, start=True)

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
