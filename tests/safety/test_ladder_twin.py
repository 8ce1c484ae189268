"""The ladder against a slow twin in plain Python, in any sequence of causes and orders."""

from collections import Counter
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from neuroloop.config.runfile import Ladder
from neuroloop.core.safety import MOST_WHO, Cause, Order, State
from neuroloop.safety.block import (
    B_ACTIVE,
    B_BLAMED,
    B_BY,
    B_CAUSE,
    B_COUNTS,
    B_REFUSED,
    B_SINCE_US,
    B_STOPPED_US,
    B_STOPS,
    B_WHO,
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
        del now
        self.failed.add(who)

    def clear(self, who, now):
        self.failed.discard(who)


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
def test_the_row_does_what_its_twin_does(new_guard, play, start):
    guard, twin = new_guard(SETTINGS, start=start), Twin(start)
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
def test_nothing_begins_to_move_without_an_order_but_out_of_a_hold(new_guard, play):
    guard = new_guard(SETTINGS)
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
