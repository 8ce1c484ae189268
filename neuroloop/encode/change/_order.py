"""Events in the order of their time, then of their unit: a counting sort over the steps of a frame.

Events come as two lists that are each in the order of their units already, so that nothing has to
be compared.
"""

import numpy as np

from neuroloop.core.kernel import inline, kernel
from neuroloop.encode.change._lanes import TIMES, times

SPARE = TIMES
FEW = 64
"""events that `order_few` is for"""
_AT_A_LOOK = 64


@kernel
def order(place, unit, numbers, histogram, begin, step_us, t_us, units):
    """Fill ``t_us`` and ``units`` with the events in order; ``histogram`` is 0 before and after.

    ``place`` and ``unit`` hold ON from the start and OFF from the middle on; ``numbers`` says how
    many of each there are.  ``t_us`` is `SPARE` longer than it need be.
    """
    n_on, n_off = numbers
    half, one = place.shape[0] // 2, np.uint32(1)
    for first, n in ((0, n_on), (half, n_off)):
        p = place[first : first + n]
        for k in range(n):
            histogram[p[k]] += one
    start = np.uint32(0)
    for s in range(histogram.shape[0]):
        here = histogram[s]
        histogram[s] = start
        start += here
    for first, n in ((0, n_on), (half, n_off)):
        p, u = place[first : first + n], unit[first : first + n]
        for k in range(n):
            to = histogram[p[k]]
            units[to] = u[k]
            histogram[p[k]] = to + one
    begins = 0
    for s in range(histogram.shape[0]):
        ends = int(histogram[s])
        histogram[s] = 0
        when = begin + np.int64((s + 1) * step_us)
        # sixteen at once are few instructions; what is too many is written over by the next step
        for k in range(begins, max(ends, begins + 1), TIMES):
            times(t_us, k, when)
        begins = ends


@kernel
def order_few(place, unit, numbers, begin, step_us, t_us, units):
    """As `order`, for so few events that to go through all steps of time would take longer."""
    n_on, n_off = numbers
    half, n = place.shape[0] // 2, 0
    for first, size in ((0, n_on), (half, n_off)):
        for k in range(first, first + size):
            t_us[n], units[n] = begin + np.int64((place[k] + 1) * step_us), unit[k]
            j = n
            while j > 0 and (
                t_us[j - 1] > t_us[j] or (t_us[j - 1] == t_us[j] and units[j - 1] > units[j])
            ):
                t_us[j - 1], t_us[j] = t_us[j], t_us[j - 1]
                units[j - 1], units[j] = units[j], units[j - 1]
                j -= 1
            n += 1


@kernel
def mend(t_us, units, n):
    """Put events of one stamp in the order of their units, where few are not."""
    for first in range(0, n - 1, _AT_A_LOOK):
        size = min(_AT_A_LOOK, n - 1 - first)
        t, then = t_us[first : first + size], t_us[first + 1 : first + 1 + size]
        u, next_ = units[first : first + size], units[first + 1 : first + 1 + size]
        wrong = 0
        for j in range(size):
            wrong += int((t[j] == then[j]) & (u[j] > next_[j]))
        if wrong:
            for k in range(first + 1, first + 1 + size):
                _insert(t_us, units, k)


@inline
def _insert(t_us, units, k):
    """Move an event to its place among those before it."""
    who = units[k]
    while k > 0 and t_us[k - 1] == t_us[k] and units[k - 1] > who:
        units[k] = units[k - 1]
        k -= 1
    units[k] = who
