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
from neuroloop.core.native import lowest
from neuroloop.core.values import Float32s
from neuroloop.encode.change._fuse import MARGIN
from neuroloop.encode.change._lanes import PIXELS, beyond, outside
from neuroloop.encode.change._random import GOLDEN, mixed

_FRACTION = np.float32(2.0**-24)
_NONE = np.uint64(0)
STRETCH = 32
"""blocks of pixels at a time"""
WORK = 2 * STRETCH * PIXELS
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
def begin(grey, n, level, on, leaky, random, filtered, reference):
    """Set ``n`` levels and references to a picture; those that leak start at different heights."""
    state = random[0]
    for i in range(n):
        filtered[i] = level[grey[i]]
        reference[i] = filtered[i]
        if leaky:
            state += GOLDEN
            reference[i] -= on[i] * (np.float32(mixed(state) >> np.uint64(40)) * _FRACTION)
    random[0] = state


@kernel
def drift(pictures, level, share, lift, pixels, blocks, some, room, listed):
    """Let levels follow the light and list the pixels that are beyond a threshold then.

    Parameters
    ----------
    pictures
        The one before and the new one.
    level, share
        By grey, the level and the part of the way there (`follow`).
    lift
        How far references have leaked, so far and now.
    pixels
        Their levels, references and thresholds, ON and OFF; a multiple of `PIXELS` long.
    blocks
        Of each block of pixels whether all have the level of their light, and the fuse
        (`_fuse`); a block that stays as it is costs a compare of its greys.
    some
        The first block to look at, and the last, which is not looked at; `STRETCH` at most.
    room
        `WORK` numbers (float32), and `STRETCH` flags (uint8), to work in.
    listed
        Gets the pixels and how far they were before and are after, lifted; and how many there are.

    Returns
    -------
    int
        How many pixels are listed then.
    """
    (old, grey), (filtered, reference, on, off), (settled, fuse) = pictures, pixels, blocks
    (active, before, after, n), (lift_before, lift_after), (work, still) = listed, lift, room
    half = STRETCH * PIXELS
    # all at first, as looking up does not become wide instructions, and what is written in small
    # pieces is not read in large ones soon
    for k in range(some[1] - some[0]):
        b = some[0] + k
        g = grey[b * PIXELS : (b + 1) * PIXELS]
        still[k] = np.uint8(settled[b] != 0 and outside(grey, old, old, b * PIXELS) == _NONE)
        if still[k] == 0:
            now, part = work[k * PIXELS : half], work[half + k * PIXELS : 2 * half]
            for j in range(PIXELS):
                now[j], part[j] = level[g[j]], share[g[j]]
    for k in range(some[1] - some[0]):
        b = some[0] + k
        first, is_still = b * PIXELS, still[k] != 0
        if is_still and lift_after < fuse[b]:
            continue
        f, now = filtered[first : first + PIXELS], work[k * PIXELS : half]
        if is_still:
            word, left = beyond(filtered, first, reference, on, off, first, lift_after)
        else:
            part, on_its_way = work[half + k * PIXELS : 2 * half], 0
            for j in range(PIXELS):
                to = now[j]
                now[j] = f[j] + part[j] * (to - f[j])
                on_its_way += int(now[j] != to)
            settled[b] = np.uint8(on_its_way == 0)
            word, left = beyond(work, k * PIXELS, reference, on, off, first, lift_after)
        # those that fire are seen to after their crossings
        fuse[b] = lift_after + (left - MARGIN)
        while word != _NONE:
            at = lowest(word)
            is_ = f[at] if is_still else now[at]
            active[n] = first + at
            before[n], after[n] = f[at] + lift_before, is_ + lift_after
            n += 1
            word &= word - np.uint64(1)
        if not is_still:
            for j in range(PIXELS):
                f[j] = now[j]
    return n
