"""Arithmetic of a compartment of Loihi 1, as numbers of 32 bits that loops vectorise with.

Numba widens sums of int32 to 64 bits; each is cut back at once, so that it wraps as 32 bits do.
"""

import numpy as np

from neuroloop.core.kernel import inline

BITS = np.uint32(12)
ONE = 1 << 12
"""a decay of this keeps everything"""
LOW = np.uint32(ONE - 1)
MOST = np.int32(1 << 23)
"""currents and potentials have 24 bits"""
CYCLE = np.int32(1 << 24)
ALIGN = np.int32(6)
"""bits by which inputs and thresholds are shifted to the left, into the unit of the potential"""


@inline
def decayed(x, keep):
    """Return ``x * keep / 4096``, rounded towards 0; ``keep`` (uint32) is at most 4096.

    The product has 44 bits; split in two it fits into 32: with ``|x| = 4096 high + low`` it is
    ``high * keep + (low * keep >> 12)``.
    """
    size = np.uint32(np.int32(-x) if x < 0 else x)
    high, low = np.uint32(size >> BITS), np.uint32(size & LOW)
    part = np.uint32(np.uint32(low * keep) >> BITS)
    kept = np.int32(np.uint32(np.uint32(high * keep) + part))
    return np.int32(-kept) if x < 0 else kept


@inline
def wrapped(x):
    """Return a current back in its 24 bits, by one turn; ``+2**23`` stays as it is."""
    return np.int32(x - CYCLE) if x > MOST else (np.int32(x + CYCLE) if x <= -MOST else x)


@inline
def saturated(x):
    """Return a potential cut to its 24 bits, alike on both sides of 0."""
    return MOST - 1 if x >= MOST else (1 - MOST if x <= -MOST else x)
