"""All rows of the guard together: what reaches the motors, tick by tick."""

from pathlib import Path

import numpy as np
import pytest

from neuroloop.config import body
from neuroloop.config.runfile import Ladder
from neuroloop.core.message import payload_bytes
from neuroloop.core.ports import Site
from neuroloop.core.safety import MOST_WHO, ORDERS, Cause, Order, State
from neuroloop.core.values import Motion, Ranges, Scalars, SourceSpec, Spikes
from neuroloop.engine import row
from neuroloop.engine.op import place, slot, spiking
from neuroloop.engine.program import Plan
from neuroloop.guard import limits
from neuroloop.safety import ladder, reflex, watch
from neuroloop.safety.block import B_STATE, first_block
from neuroloop.testing.repeatable import check_repeatable
from neuroloop.testing.rig import Rig

DT_US = 1000
ROVER = body.load("rover", Path(), "here")
SILENT_US = 20_000
SETTINGS = Ladder(hold_ms=10.0)
NUMBER = SourceSpec("number", Scalars, (1,), 0.0, low=0.0, high=1.0)
LIDAR = SourceSpec("lidar", Ranges, (4,), 10.0, low=0.1, high=5.0)
BEARINGS = np.float32([0.3, 0.0, -0.3, 3.1])


def _limits():
    return limits.build(limits.Config(), Site("guard", 1, DT_US, body=ROVER))


def _watch(spec, who, *, repeats=False):
    how = {"silent_us": SILENT_US, "repeats": repeats, "stop": False}
    return watch.build(spec, who=who, dt_us=DT_US, **how)


class Robot:
    """One sensor, one limb."""

    def __init__(self, rows, say):
        self.say, self.rows = say, rows
        self.sensor = rows.sensor(NUMBER, _watch(NUMBER, 0))
        self.orders = rows.ladder(ladder.build(SETTINGS, start=False, dt_us=DT_US))
        self.want, _ = rows.limb(_limits())
        rows.begin()

    def tick(self, *orders, speaks=True, wanted=0.2):
        """Run a tick; returns the state and whether the wheels turn."""
        now = self.rows.now_us
        messages = [self.say.reading(self.want, Motion(now, np.full(2, wanted, np.float32)))]
        if speaks:
            value = Scalars(now, np.float32([now % 7 / 7]))
            messages.append(self.say.reading(self.sensor, value))
        if orders:
            messages.append(self.say.orders(self.orders, *((order, 0) for order in orders)))
        moves = bool(self.rows.tick(*messages).any())
        return State(int(self.rows.block[B_STATE])), moves


@pytest.fixture
def robot(rows, say):
    robot = Robot(rows, say)
    assert robot.tick(Order.ARM) == (State.ARMED, True)
    return robot


def test_a_silent_sensor_stops_the_wheels_in_the_tick_in_which_it_is_too_silent(robot):
    seen = [robot.tick(speaks=False) for _ in range(40)]
    hold = SILENT_US // DT_US

    # the hold lasts 10 ms and is over in the first tick after them
    assert seen[:hold] == [(State.ARMED, True)] * hold
    assert seen[hold : hold + 11] == [(State.HOLD, False)] * 11
    assert set(seen[hold + 11 :]) == {(State.STOPPED, False)}


def test_when_the_sensor_is_back_nothing_moves_before_the_order(robot):
    for _ in range(40):
        robot.tick(speaks=False)

    assert {robot.tick() for _ in range(20)} == {(State.STOPPED, False)}
    assert robot.tick(Order.ARM) == (State.ARMED, True)


def test_a_bad_command_stops_its_limb_at_once_and_all_others_a_tick_later(robot):
    assert robot.tick(wanted=np.nan) == (State.ARMED, False)
    assert robot.tick() == (State.HOLD, False)
    assert robot.tick() == (State.ARMED, True)


def test_an_order_acts_in_the_tick_that_it_enters(robot):
    assert robot.tick(Order.STOP) == (State.EMERGENCY, False)
    assert robot.tick(Order.RESET) == (State.DISARMED, False)
    assert robot.tick(Order.ARM) == (State.ARMED, True)


def _lay(to):
    """Lay all rows out, with two sensors and one limb."""
    block = to.array("guard.block", first_block())
    number = slot(to, "number", payload_bytes(NUMBER))
    lidar = slot(to, "lidar", payload_bytes(LIDAR))
    orders = spiking(to, "orders", ORDERS * MOST_WHO, 8)
    wanted, steer, allowed = (slot(to, name, 8) for name in ("wanted", "steer", "allowed"))

    def reads(seen, n):
        return {row.N: n, row.IN: seen.data, row.IN_META: seen.meta, row.OUT: block}

    decides = {row.N: orders.n, row.IN: orders.spikes, row.IN_META: 8, row.OUT: block}
    limb = reads(wanted, 2) | {row.OUT: allowed.data, row.OUT_META: allowed.meta}
    limb |= {row.BLOCK_AT: block, row.STEER: steer.data, row.STEER_META: steer.meta}
    stands = reflex.build(LIDAR, ROVER, stop_m=0.03, dt_us=DT_US)
    decision = ladder.build(Ladder(hold_ms=1.0), start=True, dt_us=DT_US)
    rows = [
        place(to, "sees.number", _watch(NUMBER, 0, repeats=True), reads(number, 4)),
        place(to, "sees.lidar", _watch(LIDAR, 1), reads(lidar, 32)),
        place(to, "reflex.lidar", stands, reads(lidar, 4)),
        place(to, "ladder", decision, decides),
        place(to, "limb", _limits(), limb),
    ]
    return Plan(rows, [number, lidar, wanted, steer, orders], [allowed])


def test_all_rows_repeat_from_a_snapshot_and_stay_within_their_arrays():
    rig = Rig(_lay)
    states, causes = set(), 0

    def step():
        nonlocal causes
        rng = np.random.default_rng(rig.index)
        now = rig.t_us
        if rng.random() < 0.3:
            rig.send("number", Scalars(now, rng.choice(np.float32([0, 0.5, 0.5, 2, np.nan]), 1)))
        if rng.random() < 0.3:
            metres = rng.choice(np.float32([0.2, 0.25, 4, np.nan, np.inf]), 4)
            rig.send("lidar", Ranges(now, metres, BEARINGS))
        if rng.random() < 0.8:
            rig.send("wanted", Motion(now, rng.normal(0, 0.5, 2).astype(np.float32)))
        if rng.random() < 0.1:
            rig.send("steer", Motion(now, rng.normal(0, 0.5, 2).astype(np.float32)))
        given = rng.choice([*Order, Order.RESET, Order.CLEAR] + [Order.ARM] * 8, 2)
        unit = ORDERS * rng.choice([0, MOST_WHO - 1], 2) + given
        rig.send("orders", Spikes(np.full(2, now), unit.astype(np.uint32)))
        rig.tick()
        states.add(State(int(rig.arena.header[row.H_GUARD])))
        causes |= int(rig.arena.header[row.H_CAUSES])

    check_repeatable(rig, step)
    assert states == set(State) - {State.OFF}
    assert causes >> Cause.OUT_OF_RANGE & 1
