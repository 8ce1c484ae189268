"""Events in the order of their time, then of their unit: a counting sort over the steps of a frame.

Events come as two lists that are each in the order of their units already, so that nothing has to
be compared.
"""

import numpy as np

from neuroloop.core.kernel import kernel
from neuroloop.encode.change._lanes import TIMES, times

SPARE = TIMES


@kernel
def order(place, unit, numbers, histogram, begin, step_us, t_us, units):
    """Fill ``t_us`` and ``units`` with the events in order; ``histogram`` is 0 before and after.

    ``place`` and ``unit`` hold ON from the start and OFF from the end back; ``numbers`` says how
    many of each there are.  ``t_us`` is `SPARE` longer than it need be.
    """
    n_on, n_off = numbers
    last, one = np.uint64(unit.shape[0] - 1), np.uint32(1)
    for k in range(n_on):
        histogram[place[k]] += one
    for k in range(n_off):
        histogram[place[last - np.uint64(k)]] += one
    start = np.uint32(0)
    for s in range(histogram.shape[0]):
        here = histogram[s]
        histogram[s] = start
        start += here
    for k in range(n_on):
        to = histogram[place[k]]
        units[to] = unit[k]
        histogram[place[k]] = to + one
    for k in range(n_off):
        at = last - np.uint64(k)
        to = histogram[place[at]]
        units[to] = unit[at]
        histogram[place[at]] = to + one
    begins = 0
    for s in range(histogram.shape[0]):
        ends = int(histogram[s])
        histogram[s] = 0
        when = begin + np.int64((s + 1) * step_us)
        # eight at once are one instruction; what is too many is written over by the next step
        for k in range(begins, max(ends, begins + 1), TIMES):
            times(t_us, k, when)
        begins = ends
