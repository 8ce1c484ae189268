"""A sweep over all pixels: which of them fire, and their crossings while they are still near.

A stretch of pixels at a time, so that what is found there is in the nearest memory when it is
needed again.
"""

from neuroloop.core.kernel import kernel
from neuroloop.encode.change._crossing import cross, cross_drifting
from neuroloop.encode.change._drift import STRETCH, drift
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
def sweep_drifting(
    light, lift, pixels, blocks, listed, thresholds, most, steps, reset, lines, room
):  # fmt: skip
    """Let levels drift, list the pixels beyond a threshold, and find their crossings.

    ``light`` are the pictures, and by grey the levels and the shares of `_drift.drift`; all else is
    as there and in `_crossing.cross_drifting`; returns as `sweep` does.
    """
    (pictures, level, share), (active, before, after), (work, _) = light, listed, room
    n, kept, over, n_blocks = 0, 0, 0, blocks[0].shape[0]
    for first in range(0, n_blocks, STRETCH):
        begin, some = n, (first, min(first + STRETCH, n_blocks))
        to = (active, before, after, n)
        n = drift(pictures, level, share, lift, pixels, blocks, some, room, to)
        if n > begin:
            few, more = cross_drifting(
                (active, begin, n), (before, after, lift[1]), thresholds, most, steps, reset,
                lines, work,
            )  # fmt: skip
            kept += few
            over += more
    return n, kept, over
