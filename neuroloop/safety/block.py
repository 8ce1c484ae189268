"""The memory that all rows of the guard share: ``int64[BLOCK_WORDS]`` in the arena.

In a tick, rows for each watched sensor (`watch`, `reflex`) put causes and speed limits in; the
ladder takes them, decides on the state, and clears them; the rows of the limbs (kinds of guard)
obey the state.  What a limb itself finds doubtful makes its own motion zero at once, and reaches
the ladder, and with it the other limbs, in the next tick.
"""

import numpy as np

from neuroloop.core.kernel import inline
from neuroloop.core.values import Int64s

(
    B_STATE,
    B_SINCE_US,
    B_CAUSES,
    B_WHO,
    B_WARNINGS,
    B_AHEAD,
    B_BEHIND,
    B_NEXT_AHEAD,
    B_NEXT_BEHIND,
    B_ACTIVE,
    B_CAUSE,
    B_BLAMED,
    B_STOPPED_US,
    B_STOPS,
    B_REFUSED,
    B_FAULTS,
) = range(16)
"""
``B_STATE``, ``B_SINCE_US``: a `State`, and the stamp of the tick that entered it.
``B_CAUSES``: bits of the `Cause` of this tick so far.
``B_WHO``: who raised the cause that the ladder laid most on in its last decision.
``B_WARNINGS``: bits of causes that are near (half of a limit), cleared by the ladder.
``B_AHEAD``, ``B_BEHIND``: fastest forward and backward speed in um/s that the reflexes allow now.
``B_NEXT_AHEAD``, ``B_NEXT_BEHIND``: the same, being found for the next decision.
``B_ACTIVE``: the causes that the ladder decided on last.
``B_CAUSE``, ``B_BLAMED``: of the last time that motion ended: 1 + `Cause`, and who; 0 is none yet.
``B_STOPPED_US``: stamp of that tick.
``B_STOPS``: how often motion ended; ``B_REFUSED``: how often an order to arm was refused.
``B_FAULTS``: parts that failed and are not well again.
"""
B_COUNTS = 16
"""from here on: ticks in which each cause was active, by its number"""
B_WARNED = 32
"""from here on: ticks in which each warning was given, by its number"""
B_BY = 48
"""from here on: who raised each cause last, by its number"""
BLOCK_WORDS = 64

NO_LIMIT = 1 << 40
"""um/s"""
NOBODY = 1 << 20
"""who is to blame where it is neither a sensor nor who gave an order"""


def first_block() -> Int64s:
    """Return the block of a robot that has not moved yet."""
    block = np.zeros(BLOCK_WORDS, np.int64)
    block[[B_AHEAD, B_BEHIND, B_NEXT_AHEAD, B_NEXT_BEHIND]] = NO_LIMIT
    return block


@inline
def raise_cause(block, cause, who):
    """Note a cause of this tick, and who is to blame where nobody raised it before.

    ``who`` is the number of a sensor's port, or ``-1 - k`` for the k-th name of an order's list.
    """
    if not block[B_CAUSES] >> cause & 1:
        block[B_BY + cause] = who
    block[B_CAUSES] |= 1 << cause
