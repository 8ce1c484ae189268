"""A sweep over all pixels: which of them fire, and their crossings while they are still near.

A stretch of pixels at a time, so that what is found there is in the nearest memory when it is
needed again.
"""

from neuroloop.core.kernel import kernel
from neuroloop.encode.change._crossing import cross, cross_drifting
from neuroloop.encode.change._drift import BLOCK, STRETCH, drift, look, refuse
from neuroloop.encode.change._lanes import PIXELS
from neuroloop.encode.change._scan import outside

_STRETCH = 256
"""blocks of pixels at a time"""


@kernel
def sweep(active, pictures, level, thresholds, most, steps, reference, tables, quiet, lines, work):
    """List the pixels outside of the greys between which each is quiet, and find their crossings.

    All is as in `_crossing.cross`.  Returns how many there are, how many events if no pixel gives
    more than ``most``, and how many more crossings there were.
    """
    (_, new), (low, high) = pictures, quiet
    n, kept, over, blocks = 0, 0, 0, new.shape[0] // PIXELS
    for first in range(0, blocks, _STRETCH):
        begin, last = n, min(first + _STRETCH, blocks)
        n = outside(new, low, high, (first, last), active, n)
        if n > begin:
            few, more = cross(
                (active, begin, n), pictures, level, thresholds, most, steps, reference, tables,
                quiet, lines, work,
            )  # fmt: skip
            kept += few
            over += more
    return n, kept, over


@kernel
def sweep_drifting(active, pictures, light, lift, pixels, fuses, most, steps, reset, lines, room):
    """Let levels drift, list the pixels beyond a threshold, and find their crossings.

    ``lift`` is how far references had and have leaked, and ``reset`` the deviation of a reference
    after an event and the state of random numbers.  All else is as in `_drift.drift` and
    `_crossing.cross_drifting`; returns as `sweep` does.
    """
    (_, new), (filtered, reference, on, off, previous) = pictures, pixels
    (jitter, random), (goals, lists, other_lists, fired, work) = reset, room
    (looks, movers), (other_looks, other_movers) = lists, other_lists
    n, kept, over, blocks = 0, 0, 0, new.shape[0] // BLOCK
    n_looks, n_movers = look(
        pictures, lift[1], pixels, fuses, (0, min(STRETCH, blocks)), looks, movers
    )
    for first in range(STRETCH, blocks + STRETCH, STRETCH):
        # the next stretch is on its way from far memory while this one is computed
        some = (min(first, blocks), min(first + STRETCH, blocks))
        n_others = look(pictures, lift[1], pixels, fuses, some, other_looks, other_movers)
        begin, listed = n, (looks, movers, n_looks, n_movers)
        n, n_fired = drift(new, light, lift[1], pixels, fuses, listed, goals, fired, active, n)
        if n > begin:
            few, more = cross_drifting(
                (active, begin, n), (previous, filtered), lift, (on, off), most, steps,
                (jitter, random, reference), lines, work,
            )  # fmt: skip
            refuse(pixels, fuses[1], fired, n_fired, lift[1])
            kept += few
            over += more
        looks, movers, other_looks, other_movers = other_looks, other_movers, looks, movers
        n_looks, n_movers = n_others
    return n, kept, over
