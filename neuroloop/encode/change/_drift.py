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
from neuroloop.core.native import f32, i32, lowest, nonzero64, start_of, u8
from neuroloop.core.values import Float32s
from neuroloop.encode.change._fuse import BURNT, MARGIN, NEVER
from neuroloop.encode.change._lanes import PIXELS, outside
from neuroloop.encode.change._random import GOLDEN, mixed

_FRACTION = np.float32(2.0**-24)
WORK = 3 * PIXELS
"""numbers that `drift` works in"""


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
def limits(reference, on, off, upper, lower, fuse):
    """Set the levels at which each pixel fires."""
    for i in range(on.shape[0]):
        upper[i], lower[i] = reference[i] + on[i], reference[i] - off[i]
    fuse[:] = BURNT


@kernel
def drift(pictures, level, share, lift, pixels, blocks, work, listed):
    """Let levels follow the light and list the pixels that are at a limit then.

    Parameters
    ----------
    pictures
        The one before and the new one.
    level, share
        By grey, the level and the part of the way there (`follow`).
    lift
        How far references have leaked since their `limits` were set, so far and now.
    pixels
        Their levels, and the upper and lower limits; a multiple of `PIXELS` long.
    blocks
        Of each block of pixels whether all have the level of their light, and the fuse
        (`_fuse`); a block that stays as it is costs a compare of its greys.
    work
        `WORK` numbers (float32) to work in.
    listed
        Gets the pixels and how far they were before and are after, lifted.

    Returns
    -------
    int
        How many pixels are listed.
    """
    (old, grey), (filtered, upper, lower), (settled, fuse) = pictures, pixels, blocks
    (active, before, after), (lift_before, lift_after) = listed, lift
    base, n = start_of(work), 0
    now, part = f32(base, 0, PIXELS), f32(base, 4 * PIXELS, PIXELS)
    left = i32(base, 4 * PIXELS, PIXELS)
    mask = u8(base, 8 * PIXELS, PIXELS)
    for b in range(settled.shape[0]):
        first = b * PIXELS
        still = settled[b] != 0 and outside(grey, old, old, first) == np.uint64(0)
        if still and lift_after < fuse[b]:
            continue
        f = filtered[first : first + PIXELS]
        u, d = upper[first : first + PIXELS], lower[first : first + PIXELS]
        if still:
            for j in range(PIXELS):
                now[j] = f[j]
        else:
            g = grey[first : first + PIXELS]
            # apart from what follows, which becomes wide instructions: looking up does not
            for j in range(PIXELS):
                now[j], part[j] = level[g[j]], share[g[j]]
            on_its_way = 0
            for j in range(PIXELS):
                light = now[j]
                now[j] = f[j] + part[j] * (light - f[j])
                on_its_way += int(now[j] != light)
            settled[b] = np.uint8(on_its_way == 0)
        for j in range(PIXELS):
            high = now[j] + lift_after
            fires = np.uint8(high >= u[j]) | np.uint8(high <= d[j])
            mask[j] = fires
            # those that fire are seen to after their crossings
            part[j] = NEVER if fires else max(u[j] - high - MARGIN, np.float32(0))
        # as whole numbers, which are in the same order: their least is found in wide instructions
        least = left[0]
        for j in range(PIXELS):
            least = min(least, left[j])
        left[0] = least
        fuse[b] = lift_after + part[0]
        word = nonzero64(mask, 0)
        while word != np.uint64(0):
            at = lowest(word)
            active[n] = first + at
            before[n], after[n] = f[at] + lift_before, now[at] + lift_after
            n += 1
            word &= word - np.uint64(1)
        for j in range(PIXELS):
            f[j] = now[j]
    return n
