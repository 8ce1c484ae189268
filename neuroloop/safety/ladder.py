"""The row that decides whether anything may move: a state machine over causes and orders.

    DISARMED --arm--> ARMED --cause--> HOLD --for too long--> STOPPED --for long--> OFF
        ^                ^---all well----'                        |                  |
      reset              '-------------------------arm------------+------------------'
        |
    EMERGENCY <-- an emergency, from any state

Nothing but an order to arm leads back from STOPPED or OFF, and only while no cause stands.
"""

import numpy as np

from neuroloop.config.runfile import Ladder
from neuroloop.core.kernel import entry, kernel
from neuroloop.core.native import i32, i64
from neuroloop.core.ports import Kernel
from neuroloop.core.safety import ORDERS, Cause, Order, State
from neuroloop.engine.row import (
    H_BROKEN,
    H_CAUSES,
    H_DT_US,
    H_GUARD,
    H_SKIPPED,
    H_T_US,
    IN,
    IN_META,
    OUT,
    header,
    params,
    state_i64,
)
from neuroloop.safety.block import (
    B_ACTIVE,
    B_AHEAD,
    B_BEHIND,
    B_BLAMED,
    B_BY,
    B_CAUSE,
    B_CAUSES,
    B_COUNTS,
    B_FAULTS,
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
    BLOCK_WORDS,
    NO_LIMIT,
    NOBODY,
    raise_cause,
)

_DISARMED, _ARMED, _HOLD, _STOPPED = (int(s) for s in list(State)[:4])
_EMERGENCY, _OFF = int(State.EMERGENCY), int(State.OFF)
_ARM, _DISARM, _RESET, _STOP, _FAULT, _CLEAR = (int(order) for order in Order)
_OVERRUN, _PART, _ASKED = int(Cause.OVERRUN), int(Cause.PART), int(Cause.EMERGENCY)
_ORDERED, _BROKEN = int(Cause.ORDER), int(Cause.NETWORK)
_CAUSES = len(Cause)
_LEAST_SKIPPED = 2
PENDING = 0
"""of the row's own state: whether it still has to arm by itself"""
P_HOLD, P_OVERRUN, P_OFF = range(3)


@kernel
def enter(block, state, now):
    """Go over to a state."""
    if block[B_STATE] != state:
        block[B_STATE], block[B_SINCE_US] = state, now


@kernel
def end(block, state, cause, who, now):
    """Go over to a state in which nothing moves, and remember who is to blame."""
    if block[B_STATE] == _ARMED:
        block[B_STOPS] += 1
    if block[B_STATE] in (_ARMED, _HOLD) or block[B_STATE] != state:
        block[B_CAUSE], block[B_BLAMED], block[B_STOPPED_US] = 1 + cause, who, now
    enter(block, state, now)


@kernel
def first_cause(causes):
    """Return the one to blame: ticks that were skipped bring the others about, else the lowest."""
    if causes >> _OVERRUN & 1:
        return _OVERRUN
    for cause in range(_CAUSES):
        if causes >> cause & 1:
            return cause
    return 0


@kernel
def lowest_bit(word):
    """Return the place of the lowest bit that is set in a word that is not 0."""
    k = 0
    while not word >> k & 1:
        k += 1
    return k


@kernel
def obey(block, pending, order, who, causes, now):
    """Follow one order; ``causes`` are those that stand against arming, beside failed parts."""
    state = block[B_STATE]
    if order == _ARM:
        if causes != 0 or block[B_FAULTS] != 0 or state == _EMERGENCY:
            block[B_REFUSED] += 1
        else:
            pending[PENDING] = 0
            enter(block, _ARMED, now)
    elif order == _DISARM:
        pending[PENDING] = 0
        if state in (_ARMED, _HOLD):
            end(block, _DISARMED, _ORDERED, who, now)
        elif state != _EMERGENCY:
            enter(block, _DISARMED, now)
    elif order == _RESET:
        if state == _EMERGENCY and not causes >> _ASKED & 1:
            enter(block, _DISARMED, now)
    elif order == _STOP:
        pending[PENDING] = 0
        end(block, _EMERGENCY, _ASKED, who, now)
    elif order == _FAULT:
        block[B_FAULTS] |= 1 << (-1 - who)  # a cause like any other, for as long as it lasts
    elif order == _CLEAR:
        block[B_FAULTS] &= ~(1 << (-1 - who))


@kernel
def decide(block, pending, causes, now, p):
    """Climb the ladder, or come down from its first rung."""
    first = first_cause(causes)
    block[B_WHO] = block[B_BY + first] if causes != 0 else NOBODY
    since = now - block[B_SINCE_US]
    if causes >> _ASKED & 1:
        pending[PENDING] = 0
        end(block, _EMERGENCY, _ASKED, block[B_BY + _ASKED], now)
    elif block[B_STATE] == _ARMED and causes != 0:
        end(block, _HOLD, first, block[B_WHO], now)
    elif block[B_STATE] == _HOLD and since > np.int64(p[P_HOLD]):
        enter(block, _STOPPED, now)
    elif block[B_STATE] == _HOLD and causes == 0:
        enter(block, _ARMED, now)
    elif block[B_STATE] == _DISARMED and pending[PENDING] and causes == 0:
        pending[PENDING] = 0
        enter(block, _ARMED, now)
    elif block[B_STATE] == _STOPPED and since > np.int64(p[P_OFF]):
        enter(block, _OFF, now)
    # nobody decided anything for longer than it may be doubtful
    if block[B_STATE] == _HOLD and causes >> _OVERRUN & 1:
        enter(block, _STOPPED, now)


@entry
def step(arena, row):
    head, p = header(arena), params(arena, row)
    now = head[H_T_US]
    block, pending = i64(arena, row[OUT], BLOCK_WORDS), state_i64(arena, row, 0, 1)
    if head[H_SKIPPED] > 0:
        block[B_WARNINGS] |= 1 << _OVERRUN
    skipped_us = head[H_SKIPPED] * head[H_DT_US]
    if head[H_SKIPPED] >= _LEAST_SKIPPED and skipped_us >= np.int64(p[P_OVERRUN]):
        raise_cause(block, _OVERRUN, NOBODY)
    if head[H_BROKEN]:
        raise_cause(block, _BROKEN, NOBODY)
    orders = i32(arena, row[IN], row[IN_META] + 1)
    for k in range(orders[0]):
        unit = np.int64(orders[1 + k])
        obey(block, pending, unit % ORDERS, -1 - unit // ORDERS, block[B_CAUSES], now)
    if block[B_FAULTS] != 0:
        raise_cause(block, _PART, -1 - lowest_bit(block[B_FAULTS]))
    causes = block[B_CAUSES]
    decide(block, pending, causes, now, p)
    for cause in range(_CAUSES):
        block[B_COUNTS + cause] += causes >> cause & 1
        block[B_WARNED + cause] += block[B_WARNINGS] >> cause & 1
    block[B_ACTIVE], block[B_CAUSES], block[B_WARNINGS] = causes, 0, 0
    block[B_AHEAD], block[B_BEHIND] = block[B_NEXT_AHEAD], block[B_NEXT_BEHIND]
    block[B_NEXT_AHEAD], block[B_NEXT_BEHIND] = NO_LIMIT, NO_LIMIT
    head[H_GUARD], head[H_CAUSES] = block[B_STATE], causes


def build(ladder: Ladder, *, start: bool, dt_us: int) -> Kernel:
    """Lay out the row.

    Parameters
    ----------
    ladder
        How long something may be doubtful before motion ends, and the motors lose their power.
    start
        Whether it arms once by itself, as soon as nothing stands against it.
    dt_us
        Length of a tick.
    """
    overrun_us = max(ladder.overrun_ms * 1e3, _LEAST_SKIPPED * dt_us)
    return Kernel(
        step,
        params=(ladder.hold_ms * 1e3, overrun_us, ladder.off_s * 1e6),
        state={"pending": np.full(1, start, np.int64)},
    )
