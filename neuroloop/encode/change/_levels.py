"""The level of a grey: what a pixel's photoreceptor says, and which greys lie within two levels.

The level is ``ln(grey)`` from 20 on and a straight line to 0 below, where a logarithm would make
events of a camera's noise.

Source: Y. Hu, S.-C. Liu and T. Delbruck, "v2e: From video frames to realistic DVS events", CVPR
workshops, 2021.
"""

import math

import numpy as np

from neuroloop.core.kernel import inline, kernel
from neuroloop.core.values import Float32s, UInt8s

LINEAR_BELOW = 20
FINE = 1024
"""steps of the inverse tables a unit of the natural logarithm"""


def levels() -> Float32s:
    """Return the level of each grey, ``float32[256]``."""
    grey = np.arange(256.0)
    slope = math.log(LINEAR_BELOW) / LINEAR_BELOW
    level = np.where(grey < LINEAR_BELOW, grey * slope, np.log(np.maximum(grey, 1.0)))
    return level.astype(np.float32)


def inverse() -> tuple[UInt8s, UInt8s]:
    """Return the least grey above, and the greatest below, each level ``k / FINE``.

    Two tables ``uint8[6 * FINE]``; a level above that of white counts as above all.
    """
    level = levels()
    at = np.arange(6 * FINE) / FINE
    least = np.minimum(np.searchsorted(level, at, "right"), 255)
    greatest = np.maximum(np.searchsorted(level, at, "left") - 1, 0)
    return least.astype(np.uint8), greatest.astype(np.uint8)


@inline
def bounds(reference, on, off, least, greatest):
    """Return the greys between which a pixel is certain to be quiet, lowest and highest.

    They are narrower than the thresholds by one or two steps of the tables, so that roundings do
    not matter: outside of them a pixel is looked at with the levels themselves.
    """
    last = least.shape[0] - 1
    upper = np.int32((reference + on) * np.float32(FINE)) - 1
    lower = np.int32((reference - off) * np.float32(FINE)) + 2
    low = least[min(lower, last)] if lower > 2 else np.uint8(0)
    return low, greatest[min(max(upper, 0), last)]


@kernel
def rebound(reference, on, off, least, greatest, low, high):
    """Set the greys between which each pixel is quiet."""
    for i in range(on.shape[0]):
        low[i], high[i] = bounds(reference[i], on[i], off[i], least, greatest)
