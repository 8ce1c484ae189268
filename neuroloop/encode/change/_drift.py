r"""What moves a pixel's level and reference by itself: bandwidth of the photoreceptor, and leak.

* The level follows the light as a low pass of the first order whose cutoff grows with the light,
  :math:`l \leftarrow l + (1 - e^{-2 \pi f_c b \Delta t}) (\ln g - l)` with the brightness
  :math:`b = (g + 20) / 275`; this is the exact step for light that stays the same.
* The reference leaks: it sinks by one ON threshold in 1 / ``leak_hz``, which gives ON events at
  that rate.  At each event the reference is set with a normal error of ``leak_jitter`` thresholds,
  which is the relative spread of the times between leak events.

Source: Y. Hu, S.-C. Liu and T. Delbruck, "v2e: From video frames to realistic DVS events", CVPR
workshops, 2021, whose filter takes Euler's step, and whose jitter is that of the rate.
"""

import math

import numpy as np

from neuroloop.core.kernel import kernel
from neuroloop.core.native import lowest, nonzero64
from neuroloop.core.values import Float32s
from neuroloop.encode.change._lanes import PIXELS
from neuroloop.encode.change._random import GOLDEN, mixed

_FRACTION = np.float32(2.0**-24)
BLOCK = 1024
"""pixels at a time: what they need fits into the nearest memory"""


def brightness() -> Float32s:
    """Return how bright each grey is, from 0.07 to 1, ``float32[256]``."""
    return ((np.arange(256) + 20.0) / 275.0).astype(np.float32)


def follow(cutoff_hz: float, interval_us: int) -> Float32s:
    """Return the share of its way to the light that the level goes in a time, by grey."""
    if cutoff_hz == 0:
        return np.ones(256, np.float32)
    passed = 2 * math.pi * cutoff_hz * interval_us * 1e-6
    return -np.expm1(-passed * brightness().astype(np.float64)).astype(np.float32)


@kernel
def begin(grey, level, on, leaky, random, filtered, reference):
    """Set levels and references to a first picture; those that leak start at different heights."""
    state = random[0]
    for i in range(on.shape[0]):
        filtered[i] = level[grey[i]]
        reference[i] = filtered[i]
        if leaky:
            state += GOLDEN
            reference[i] -= on[i] * (np.float32(mixed(state) >> np.uint64(40)) * _FRACTION)
    random[0] = state


@kernel
def limits(reference, on, off, upper, lower):
    """Set the levels at which each pixel fires."""
    for i in range(on.shape[0]):
        upper[i], lower[i] = reference[i] + on[i], reference[i] - off[i]


@kernel
def drift(grey, level, share, lift, filtered, upper, lower, block, listed):
    """Let levels follow the light and list the pixels that are at a limit then.

    ``lift`` is how far references have leaked since their `limits` were set, so far and now.
    ``block`` are three arrays of `BLOCK` numbers to work in.  ``listed`` gets the pixels and how
    far they were before and are after, lifted; returns how many there are.
    """
    (now, part, mask), (active, before, after) = block, listed
    lift_before, lift_after = lift
    n, pixels = 0, upper.shape[0]
    for first in range(0, pixels, BLOCK):
        size = min(BLOCK, pixels - first)
        g, f = grey[first : first + size], filtered[first : first + size]
        u, d = upper[first : first + size], lower[first : first + size]
        # apart from what follows, which becomes wide instructions: looking up does not
        for j in range(size):
            now[j], part[j] = level[g[j]], share[g[j]]
        for j in range(size):
            is_ = f[j] + part[j] * (now[j] - f[j])
            now[j] = is_
            high = is_ + lift_after
            mask[j] = np.uint8(high >= u[j]) | np.uint8(high <= d[j])
        for j in range(size, BLOCK):
            mask[j] = np.uint8(0)
        for j in range(0, size, PIXELS):
            word = nonzero64(mask, j)
            while word != np.uint64(0):
                at = j + lowest(word)
                active[n] = first + at
                before[n], after[n] = f[at] + lift_before, now[at] + lift_after
                n += 1
                word &= word - np.uint64(1)
        for j in range(size):
            f[j] = now[j]
    return n
