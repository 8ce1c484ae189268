r"""How often, and when, the level of a pixel crossed its thresholds between two frames.

Between two frames the level is taken to move in a straight line.  A pixel that stood ``before``
above its reference and now stands ``after`` above it has crossed

.. math:: k = \lfloor after / \theta_{on} \rfloor \quad\text{or}\quad
   k = \lfloor -after / \theta_{off} \rfloor

thresholds, the q-th at the fraction :math:`(\pm q\,\theta - before) / (after - before)` of the time
between the frames, and its reference moves by k thresholds.

Source: H. Rebecq, D. Gehrig and D. Scaramuzza, "ESIM: an open event camera simulator", CoRL 2018.
"""

import numpy as np

from neuroloop.core.kernel import inline, kernel
from neuroloop.encode.change._levels import bounds
from neuroloop.encode.change._random import GOLDEN, mixed, normal


@inline
def _line(before, after, on, off, whole):
    """Return how many thresholds were crossed, which, and in steps of time when: start + q pace."""
    threshold = on if after > 0 else -off
    # in float64 the quotient of two float32 never rounds up to a whole number
    crossed = np.int32(np.float64(after) / np.float64(threshold))
    move = after - before
    slope = whole / move if move * after > 0 else np.float32(0)
    return crossed, threshold, -before * slope, threshold * slope


@kernel
def cross(pixels, pictures, level, thresholds, most, steps, reference, tables, quiet, lines):
    """Find the crossings of the pixels listed, and the greys between which each is quiet now.

    ``pixels`` is their list and how many there are, ``pictures`` the one before and the new one,
    and ``quiet`` the lowest and highest grey of each pixel (`bounds`).  ``lines`` gets, for each
    that is listed, the signed number of events and when they are.  Returns how many events there
    are if no pixel gives more than ``most``, and how many more crossings there were.
    """
    (active, n), (old, new), (on, off) = pixels, pictures, thresholds
    (least, greatest), (low, high), (number, start, pace) = tables, quiet, lines
    kept, over, whole = 0, 0, np.float32(steps)
    for k in range(n):
        i = active[k]
        r = reference[i]
        after = level[new[i]] - r
        crossed, threshold, first, apart = _line(level[old[i]] - r, after, on[i], off[i], whole)
        r += np.float32(crossed) * threshold
        reference[i] = r
        low[i], high[i] = bounds(r, on[i], off[i], least, greatest)
        few = min(crossed, most)
        number[k] = few if after > 0 else -few
        start[k], pace[k] = first, apart
        kept += few
        over += crossed - few
    return kept, over


@kernel
def cross_drifting(pixels, moved, thresholds, most, steps, reset, lines):
    """Find the crossings of listed pixels whose levels drift.

    ``moved`` holds the levels of those listed, before and now.  ``reset`` is the deviation of a
    reference in thresholds after an event, the state of random numbers, the references, and the
    levels at which each pixel fires, upper and lower.  All else is as in `cross`.
    """
    (active, n), (was, now), (on, off) = pixels, moved, thresholds
    (number, start, pace), (jitter, random, reference, upper, lower) = lines, reset
    kept, over, whole, state = 0, 0, np.float32(steps), random[0]
    for k in range(n):
        i = active[k]
        r = reference[i]
        after = now[k] - r
        crossed, threshold, first, apart = _line(was[k] - r, after, on[i], off[i], whole)
        r += np.float32(crossed) * threshold
        if jitter > 0 and crossed > 0:
            state += GOLDEN
            r += normal(mixed(state)) * jitter * on[i]
        reference[i], upper[i], lower[i] = r, r + on[i], r - off[i]
        few = min(crossed, most)
        number[k] = few if after > 0 else -few
        start[k], pace[k] = first, apart
        kept += few
        over += crossed - few
    random[0] = state
    return kept, over
