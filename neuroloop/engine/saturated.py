r"""Inputs that are cut to 16 bits at every addition, gathered before the current is known.

What a current becomes that is cut to its range after each addition depends on their order.  Yet any
chain of such additions does

.. math:: i \leftarrow \min(\max(i + s,\; low),\; high)

to a current i, whatever it is: one more addition of w adds w to s, to low and to high, and cuts the
last two to the range.  So synapses gather s, low and high of every neuron, spike by spike in their
order, and the neuron applies them to its current once.

s is the target's input of this tick, as of any synapses.  How far low and high have moved from the
ends of the range is in the slots of the next two ticks, which such synapses do not use for time:
they put them back to 0 at the end of each.
"""

from typing import Any

import numpy as np

from neuroloop.core.kernel import inline, kernel
from neuroloop.core.native import i32
from neuroloop.engine.row import COUNT, IN, N, lanes, slot_after

SUM, LOW, HIGH = range(3)
"""what is gathered, by the slot it is in, counted from that of this tick"""
AHEAD = 3
"""what such synapses ask for, to get the slots"""
LOWEST, HIGHEST = -(1 << 15), (1 << 15) - 1
"""the range of a current"""
_BOTTOM, _TOP, _SPAN, _ZERO = np.int32(LOWEST), np.int32(HIGHEST), np.int32(0xFFFF), np.int32(0)


@inline
def cut(x: Any) -> Any:
    """Return ``x`` (int32) cut to 16 bits."""
    x = x if x > _BOTTOM else _BOTTOM
    return x if x < _TOP else _TOP


@inline
def gathered(arena: Any, at: Any, slots: Any, n: Any, what: Any) -> Any:
    """Return sums, or lows or highs, of the input that lies at ``at``, ``int32[n]``."""
    return i32(arena, at + 4 * lanes(n) * slot_after(arena, slots, what), n)


@kernel
def gather(s: Any, low: Any, high: Any, weight: Any, times: Any) -> None:
    """Add ``weight`` (``int16[n]``) so many times (int32) to each neuron.

    Additions of one weight go one way, so that all of them are one of their product.  ``s`` may
    wrap: low and high have met by then, and their place is what counts.
    """
    for j in range(weight.shape[0]):
        w = np.int32(np.int32(weight[j]) * times)
        least, most = np.int32(low[j] + w), np.int32(high[j] + w)
        s[j] = np.int32(s[j] + w)
        least = least if least > _ZERO else _ZERO
        low[j] = least if least < _SPAN else _SPAN
        most = most if most > -_SPAN else np.int32(-_SPAN)
        high[j] = most if most < _ZERO else _ZERO


@kernel
def _settle(current: Any, s: Any, low: Any, high: Any) -> Any:
    """Apply what was gathered to ``int32[n]`` currents; returns how many were cut."""
    missed = np.int32(0)
    for j in range(current.shape[0]):
        full = np.int32(current[j] + s[j])
        least, most = np.int32(low[j] + _BOTTOM), np.int32(high[j] + _TOP)
        value = full if full > least else least
        value = value if value < most else most
        current[j] = value
        missed += np.int32(value != full)
    return missed


@kernel
def _settle_sum(current: Any, s: Any) -> Any:
    """Add sums that are cut only once; returns how many were."""
    missed = np.int32(0)
    for j in range(current.shape[0]):
        full = np.int32(current[j] + s[j])
        value = cut(full)
        current[j] = value
        missed += np.int32(value != full)
    return missed


@kernel
def settle(arena: Any, row: Any, receptor: Any, current: Any) -> Any:
    """Take the input of this tick at a receptor into a current; returns how many were cut."""
    n, slots = row[N], row[COUNT]
    at = row[IN] + 4 * lanes(n) * slots * receptor
    s = gathered(arena, at, slots, n, SUM)
    if slots > AHEAD:
        low, high = gathered(arena, at, slots, n, LOW), gathered(arena, at, slots, n, HIGH)
        missed = _settle(current, s, low, high)
    else:
        missed = _settle_sum(current, s)
    s[:] = _ZERO
    return missed
