r"""How often, and when, the level of a pixel crossed its thresholds between two frames.

Between two frames the level is taken to move in a straight line.  A pixel that stood ``before``
above its reference and now stands ``after`` above it has crossed

.. math:: k = \lfloor after / \theta_{on} \rfloor \quad\text{or}\quad
   k = \lfloor -after / \theta_{off} \rfloor

thresholds, the q-th at the fraction :math:`(\pm q\,\theta - before) / (after - before)` of the time
between the frames, and its reference moves by k thresholds.

The pixels that are listed lie anywhere, so what they need is gathered first, a block at a time into
the nearest memory, then computed in wide instructions, and put back last.

Source: H. Rebecq, D. Gehrig and D. Scaramuzza, "ESIM: an open event camera simulator", CoRL 2018.
"""

import numpy as np

from neuroloop.core.kernel import kernel
from neuroloop.core.native import f32, start_of
from neuroloop.encode.change._levels import at_steps
from neuroloop.encode.change._random import GOLDEN, mixed, normal

_BLOCK = 512
_ROWS = 9
WORK = _ROWS * _BLOCK
"""numbers (float32) that `cross` and `cross_drifting` work in"""


@kernel
def _rows(work):
    """Return the rows of a block: they follow one another, so that none can be another's."""
    base, row = start_of(work), 4 * _BLOCK
    given = (f32(base, 0, _BLOCK), f32(base, row, _BLOCK), f32(base, 2 * row, _BLOCK))
    levels = (f32(base, 3 * row, _BLOCK), f32(base, 4 * row, _BLOCK))
    lines = (f32(base, 5 * row, _BLOCK), f32(base, 6 * row, _BLOCK))
    ends = (f32(base, 7 * row, _BLOCK), f32(base, 8 * row, _BLOCK))
    return given, levels, lines, ends


@kernel
def _lines(work, size, whole, most):
    """Find the crossings of a block whose references, thresholds and levels are in ``work``.

    Sets the references to where they are then, the levels before to the signed number of events,
    and the lines: in steps of time when, which is start + q pace.  Returns how many events there
    are, how many crossings beyond ``most``, and how many pixels have none at all.
    """
    (r, on, off), (was, now), (start, pace), (upper, lower) = _rows(work)
    kept, over, none = 0, 0, 0
    for j in range(size):
        before, after = was[j] - r[j], now[j] - r[j]
        threshold = on[j] if after > 0 else -off[j]
        # in float64 the quotient of two float32 never rounds up to a whole number
        crossed = np.float32(np.int32(np.float64(after) / np.float64(threshold)))
        few = min(crossed, most)
        move = after - before
        slope = whole / move if move * after > 0 else np.float32(0)
        start[j], pace[j] = -before * slope, threshold * slope
        moved = r[j] + crossed * threshold
        upper[j], lower[j] = moved + on[j], moved - off[j]
        r[j], was[j] = moved, few if after > 0 else -few
        kept += int(np.int32(few))
        over += int(np.int32(crossed - few))
        none += int(few == 0)
    return kept, over, none


@kernel
def _listed(work, size, lines, first):
    """Put the number of events and the lines of a block into lists, from a place on."""
    (number, start, pace), (_, (was, _), (start_, pace_), _) = lines, _rows(work)
    many, begin = number[first : first + size], start[first : first + size]
    apart = pace[first : first + size]
    for j in range(size):
        many[j] = np.int32(was[j])
    for j in range(size):
        begin[j] = start_[j]
    for j in range(size):
        apart[j] = pace_[j]


@kernel
def _steps(work, size):
    """Turn the levels at which each pixel fires into places of the tables `_levels.inverse`."""
    _, _, _, (upper, lower) = _rows(work)
    for j in range(size):
        upper[j], lower[j] = at_steps(upper[j], lower[j])


@kernel
def cross(pixels, pictures, level, thresholds, most, steps, reference, tables, quiet, lines, work):
    """Find the crossings of the pixels listed, and the greys between which each is quiet now.

    ``pixels`` is their list, and from where to where in it; ``pictures`` are the one before and the
    new one, and ``quiet`` the lowest and highest grey of each pixel (`_levels.rebound`).  ``lines``
    gets, for each that is listed, the signed number of events and when they are.  Returns how many
    events there are if no pixel gives more than ``most``, and how many more crossings there were.
    """
    (active, begin, end), (old, new), (on, off) = pixels, pictures, thresholds
    (least, greatest), (low, high) = tables, quiet
    (r, on_, off_), (was, now), _, (upper, lower) = _rows(work)
    kept, over = 0, 0
    for first in range(begin, end, _BLOCK):
        size = min(_BLOCK, end - first)
        for j in range(size):
            i = active[first + j]
            r[j], on_[j], off_[j] = reference[i], on[i], off[i]
            was[j], now[j] = level[old[i]], level[new[i]]
        few, more, _ = _lines(work, size, np.float32(steps), np.float32(most))
        _steps(work, size)
        _listed(work, size, lines, first)
        for j in range(size):
            i = active[first + j]
            reference[i] = r[j]
            low[i], high[i] = least[np.uint32(lower[j])], greatest[np.uint32(upper[j])]
        kept += few
        over += more
    return kept, over


@kernel
def _reset(work, size, none, jitter, state):
    """Set the references of a block with a random error where there was an event.

    ``none`` is how many had none.  Returns the state of random numbers then.
    """
    (r, on, _), (was, _), _, (error, _) = _rows(work)
    if not jitter > 0:
        return state
    for j in range(size):
        error[j] = normal(mixed(state + GOLDEN * np.uint64(j + 1))) * jitter
    if none == 0:
        for j in range(size):
            r[j] += error[j] * on[j]
        return state + GOLDEN * np.uint64(size)
    drawn = 0
    for j in range(size):
        if was[j] != 0:
            r[j] += error[drawn] * on[j]
            drawn += 1
    return state + GOLDEN * np.uint64(drawn)


@kernel
def cross_drifting(pixels, levels, lift, thresholds, most, steps, reset, lines, work):
    """Find the crossings of listed pixels whose levels drift.

    ``levels`` holds those before, pixel i at i modulo their number, and those of all pixels now;
    ``lift`` is how far references had and have leaked.  ``reset`` is the deviation of a reference
    in thresholds after an event, the state of random numbers, and the references.  All else is as
    in `cross`.
    """
    (active, begin, end), (previous, filtered), (on, off) = pixels, levels, thresholds
    jitter, random, reference = reset
    (r, on_, off_), (was, now), _, _ = _rows(work)
    kept, over, state = 0, 0, random[0]
    for first in range(begin, end, _BLOCK):
        size = min(_BLOCK, end - first)
        for j in range(size):
            i = active[first + j]
            r[j], on_[j], off_[j] = reference[i], on[i], off[i]
            now[j] = filtered[i] + lift[1]
            was[j] = previous[i % np.uint32(previous.shape[0])] + lift[0]
        few, more, none = _lines(work, size, np.float32(steps), np.float32(most))
        _listed(work, size, lines, first)
        state = _reset(work, size, none, jitter, state)
        for j in range(size):
            reference[active[first + j]] = r[j]
        kept += few
        over += more
    random[0] = state
    return kept, over
