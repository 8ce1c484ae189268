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
from neuroloop.encode.change._fuse import burning
from neuroloop.encode.change._lanes import PIXELS
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

    Sets the references to where they are then, the levels to the signed number of events and of
    crossings beyond ``most``, and the lines: in steps of time when, which is start + q pace.
    """
    (r, on, off), (was, now), (start, pace), (upper, lower) = _rows(work)
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
        r[j], was[j], now[j] = moved, few if after > 0 else -few, crossed - few


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
    (least, greatest), (low, high), (number, start, pace) = tables, quiet, lines
    (r, on_, off_), (was, now), (start_, pace_), (upper, lower) = _rows(work)
    kept, over = 0, 0
    for first in range(begin, end, _BLOCK):
        size = min(_BLOCK, end - first)
        for j in range(size):
            i = active[first + j]
            r[j], on_[j], off_[j] = reference[i], on[i], off[i]
            was[j], now[j] = level[old[i]], level[new[i]]
        _lines(work, size, np.float32(steps), np.float32(most))
        _steps(work, size)
        for j in range(size):
            i, few = active[first + j], np.int32(was[j])
            reference[i] = r[j]
            low[i], high[i] = least[np.uint32(lower[j])], greatest[np.uint32(upper[j])]
            number[first + j], start[first + j], pace[first + j] = few, start_[j], pace_[j]
            kept += abs(int(few))
            over += int(now[j])
    return kept, over


@kernel
def cross_drifting(pixels, moved, thresholds, most, steps, reset, lines, work):
    """Find the crossings of listed pixels whose levels drift.

    ``moved`` holds the levels of those listed, before and now, and how far references have leaked.
    ``reset`` is the deviation of a reference in thresholds after an event, the state of random
    numbers, the references, and the fuses of their blocks (`_fuse`).  All else is as in `cross`.
    """
    (active, begin, end), (before, after, lift), (on, off) = pixels, moved, thresholds
    (number, start, pace), (jitter, random, reference, fuse) = lines, reset
    (r, on_, off_), (was, now), (start_, pace_), (error, _) = _rows(work)
    kept, over, state = 0, 0, random[0]
    for first in range(begin, end, _BLOCK):
        size = min(_BLOCK, end - first)
        for j in range(size):
            i = active[first + j]
            r[j], on_[j], off_[j] = reference[i], on[i], off[i]
            was[j], now[j] = before[first + j], after[first + j]
        _lines(work, size, np.float32(steps), np.float32(most))
        for j in range(size):
            error[j] = normal(mixed(state + GOLDEN * np.uint64(j + 1))) * jitter
        drawn = 0
        for j in range(size):
            i, few = active[first + j], np.int32(was[j])
            errs = int((few != 0) & (jitter > 0))
            at = r[j] + error[drawn] * on_[j] if errs else r[j]
            drawn += errs
            reference[i], b = at, i // PIXELS
            fuse[b] = min(fuse[b], burning(after[first + j] - at, on_[j], off_[j], lift))
            number[first + j], start[first + j], pace[first + j] = few, start_[j], pace_[j]
            kept += abs(int(few))
            over += int(now[j])
        state += GOLDEN * np.uint64(drawn)
    random[0] = state
    return kept, over
