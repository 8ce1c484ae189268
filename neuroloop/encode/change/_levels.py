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
_LENGTH = 6 * FINE


def levels() -> Float32s:
    """Return the level of each grey, ``float32[256]``."""
    grey = np.arange(256.0)
    slope = math.log(LINEAR_BELOW) / LINEAR_BELOW
    level = np.where(grey < LINEAR_BELOW, grey * slope, np.log(np.maximum(grey, 1.0)))
    return level.astype(np.float32)


def inverse() -> tuple[UInt8s, UInt8s]:
    """Return the least grey above, and the greatest below, each level ``k / FINE``.

    Two tables ``uint8[6 * FINE]``; a level above that of white counts as above all, and the first
    three as below all.
    """
    level = levels()
    at = np.arange(_LENGTH) / FINE
    least = np.minimum(np.searchsorted(level, at, "right"), 255)
    least[:3] = 0
    greatest = np.maximum(np.searchsorted(level, at, "left") - 1, 0)
    return least.astype(np.uint8), greatest.astype(np.uint8)


@inline
def at_steps(upper, lower):
    """Return the places in the tables of the levels at which a pixel fires, as ``float32``.

    They are narrower than those levels by one or two steps of the tables, so that roundings do not
    matter: a pixel whose grey is outside is looked at with the levels themselves.
    """
    fine, least, last = np.float32(FINE), np.float32(0), np.float32(_LENGTH - 1)
    above = np.float32(np.int32(upper * fine)) - np.float32(1)
    below = np.float32(np.int32(lower * fine)) + np.float32(2)
    return min(max(above, least), last), min(max(below, least), last)


@kernel
def rebound(n, reference, on, off, least, greatest, low, high):
    """Set the greys between which each of ``n`` pixels is quiet for certain, lowest and highest."""
    for i in range(n):
        above, below = at_steps(reference[i] + on[i], reference[i] - off[i])
        low[i], high[i] = least[np.int32(below)], greatest[np.int32(above)]
