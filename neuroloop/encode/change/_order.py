"""Events in the order of their time, then of their unit: a counting sort over the steps of a frame.

Events come as two lists that are each in the order of their units already, so that nothing has to
be compared.
"""

import numpy as np

from neuroloop.core.kernel import inline, kernel
from neuroloop.encode.change._event_lanes import PAIRS, TIMES, disordered, times

SPARE = TIMES
FEW = 64
"""events that `order_few` is for"""
_NONE = np.uint16(0)


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
    start = 0
    for s in range(histogram.shape[0]):
        end = start + int(histogram[s])
        histogram[s] = np.uint32(start)
        when = begin + np.int64((s + 1) * step_us)
        # sixteen at once are few instructions; what is too many is written over by the next step
        for k in range(start, max(end, start + 1), TIMES):
            times(t_us, k, when)
        start = end
    for first, n in ((0, n_on), (half, n_off)):
        p, u = place[first : first + n], unit[first : first + n]
        for k in range(n):
            s, who = p[k], u[k]
            to = histogram[s]
            histogram[s] = to + one
            units[to] = who
    histogram[:] = 0


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
    whole = max(n - 1, 0) // PAIRS * PAIRS
    for first in range(0, whole, PAIRS):
        if disordered(t_us, units, first) != _NONE:
            for k in range(first + 1, first + 1 + PAIRS):
                _insert(t_us, units, k)
    for k in range(whole + 1, n):
        _insert(t_us, units, k)


@inline
def _insert(t_us, units, k):
    """Move an event to its place among those before it."""
    who = units[k]
    while k > 0 and t_us[k - 1] == t_us[k] and units[k - 1] > who:
        units[k] = units[k - 1]
        k -= 1
    units[k] = who
