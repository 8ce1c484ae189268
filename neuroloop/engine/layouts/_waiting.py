"""Lists of spikes that wait, and the parts of their rows that are due.

Rows are sorted by delay: the synapses of source i with the b-th delay begin at
``begin[i * buckets + b]`` and end where the next ones begin.
"""

import numpy as np

from neuroloop.core.kernel import kernel
from neuroloop.engine.layouts._lanes import read_ahead

FIRST, BUCKETS, WEIGHT_BITS, LEAST, LIMIT = range(5)
"""words of ``shape``: shortest delay, number of delays, bits and least number of a weight, and how
many synapses may be summed before 32 bits could overflow"""
ROWS = 512
"""parts of rows looked up at a time"""
_LEAD = 4
"""parts of rows asked for before they are added"""
_AHEAD = 128
"""synapses asked for of each"""


@kernel
def keep(sent, count, spikes, k):
    """Keep the spikes of this tick as list ``k``; ``sent`` is ``int32[lists, capacity]``."""
    count[k] = spikes[0]
    sent[k, : spikes[0]] = spikes[1 : spikes[0] + 1]


@kernel
def look_up(work, at, sent, count, begin, shape, now):
    """Fill ``work`` with the parts of rows that are due; returns how many, 0 at the end.

    ``at`` is a delay, how many delays are left, and a place in its list, and is moved on.
    """
    lists, first, buckets = count.shape[0], shape[FIRST], shape[BUCKETS]
    m = 0
    while at[1] > 0:
        k = (now + lists - at[0]) % lists
        bucket = at[0] - first
        while at[2] < count[k]:
            if m == work.shape[0]:
                return m
            row = sent[k, at[2]] * buckets + bucket
            at[2] += 1
            if begin[row] < begin[row + 1]:
                work[m, 0], work[m, 1] = begin[row], begin[row + 1]
                m += 1
        at[0], at[1], at[2] = at[0] - 1, at[1] - 1, 0
    return m


@kernel
def ask(work, k, m, array):
    """Ask for the part of a row that comes a few after the k-th."""
    if k + _LEAD < m:
        first = work[k + _LEAD, 0]
        for j in range(first, min(work[k + _LEAD, 1], first + _AHEAD), 16):
            read_ahead(array, j)


@kernel
def due(at, shape, ahead):
    """Point ``at`` to what arrives in the next tick (``ahead`` 1), or in this one."""
    first = shape[FIRST]
    last = first + shape[BUCKETS] - 1
    at[0], at[2] = last * ahead, 0
    at[1] = last - max(first, 1) + 1 if ahead else np.int64(first == 0)
