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
from numpy.typing import NDArray

from neuroloop.core.kernel import inline, kernel
from neuroloop.core.values import Float32s
from neuroloop.encode.change._fuse import BURNT, MARGIN
from neuroloop.encode.change._lanes import (
    GROUPS,
    SHARING,
    append,
    approach,
    beyond,
    fetch,
    keep,
    ones,
    stirred,
)
from neuroloop.encode.change._random import GOLDEN, mixed

_FRACTION = np.float32(2.0**-24)
_NONE, _EIGHT, _MOVES = np.uint64(0), np.uint64(0xFF), np.uint8(0)
BLOCK = GROUPS * SHARING
"""pixels whose greys and fuses are looked at together"""
STRETCH = 8
"""blocks at a time"""
SPARE = 8
"""places of each list that stay free"""
GOALS, LOOKS = STRETCH * BLOCK, STRETCH * GROUPS + SPARE
"""words that `drift` works in"""


def brightness() -> Float32s:
    """Return how bright each grey is, from 0.07 to 1, ``float32[256]``."""
    return ((np.arange(256) + 20.0) / 275.0).astype(np.float32)


def follow(cutoff_hz: float, interval_us: int) -> Float32s:
    """Return the share of its way to the light that the level goes in a time, by grey."""
    if cutoff_hz == 0:
        return np.ones(256, np.float32)
    passed = 2 * math.pi * cutoff_hz * interval_us * 1e-6
    return -np.expm1(-passed * brightness().astype(np.float64)).astype(np.float32)


def goals(level: Float32s, share: Float32s) -> NDArray[np.uint64]:
    """Return the level of each grey and the share of the way there, two `float32` in a word."""
    return np.stack([level, share], axis=1).view(np.uint64).ravel()


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
def look(pictures, lift, pixels, fuses, some, looks, movers):
    """List which groups to look at, and those of them whose levels move.

    What `drift` needs of them is on its way to the nearest memory then.

    Parameters
    ----------
    pictures
        The one before and the new one.
    lift
        How far references have leaked.
    pixels, fuses
        As in `drift`.
    some
        The first `BLOCK` to look at, and the last, which is not looked at; `STRETCH` at most.
    looks, movers
        The lists, of `LOOKS` places.

    Returns
    -------
    tuple
        How many are in each.
    """
    (old, grey), (filtered, reference, on, off, _), (settled, fuse) = pictures, pixels, fuses
    n, m = 0, 0
    for b in range(some[0] * GROUPS, some[1] * GROUPS, GROUPS):
        moves, looked = stirred(old, grey, settled, fuse, b, lift)
        if looked != _NONE:
            n, m = _append(looks, n, b, looked), _append(movers, m, b, moves)
    for k in range(n):
        first = np.int64(looks[k]) * SHARING
        fetch(filtered, first)
        fetch(reference, first)
        fetch(on, first)
        fetch(off, first)
    return n, m


@kernel
def drift(grey, light, lift, pixels, fuses, listed, goals, fired, active, n):
    """Let levels follow the light and list the pixels that are beyond a threshold then.

    Parameters
    ----------
    grey
        The new picture.
    light
        By grey, the level and the part of the way there (`goals`).
    lift
        How far references have leaked.
    pixels
        Their levels, which change, references and thresholds, ON and OFF; a multiple of `BLOCK`
        long.  And `GOALS` that get the levels before, pixel i at i mod `GOALS`, of all in groups
        that are looked at.
    fuses
        Of each group whether all have the level of their light, and the fuse (`_fuse`), which is of
        use where they have.
    listed
        What `look` listed, and how many there are in each list.
    goals
        `GOALS` words (uint64) to work in.
    fired
        A list that gets the groups whose fuse has to be made anew (`refuse`), of `LOOKS` places.
    active, n
        The list, and how many pixels are in it.

    Returns
    -------
    tuple
        How many pixels are listed then, and how many groups.
    """
    (filtered, reference, on, off, previous), (settled, fuse) = pixels, fuses
    looks, movers, n_looks, n_movers = listed
    # a pass each: looking up does not become wide instructions, what was written a moment ago is
    # slow to read in pieces of another size or place, and all reads that nothing waits for overlap
    for k in range(n_looks):
        first = np.int64(looks[k]) * SHARING
        keep(filtered, first, previous, first % GOALS)
    for k in range(n_movers):
        first = np.int64(movers[k]) * SHARING
        g, goal = grey[first : first + SHARING], goals[k * SHARING : (k + 1) * SHARING]
        for j in range(SHARING):
            goal[j] = light[g[j]]
    for k in range(n_movers):
        b = np.int64(movers[k])
        settled[b] = np.uint8(approach(filtered, b * SHARING, goals, k * SHARING) == _NONE)
    n_fired = 0
    for k in range(n_looks):
        b = np.int64(looks[k])
        first = b * SHARING
        word, left = beyond(filtered, reference, on, off, first, lift)
        fuse[b], fired[n_fired] = lift + (left - MARGIN), looks[k]
        n_fired += int((word != _NONE) & (settled[b] != _MOVES))
        n = _append(active, n, first, word)
    return n, n_fired


@kernel
def refuse(pixels, fuse, fired, n_fired, lift):
    """Set the fuses of so many groups, once the references of the pixels that fired are moved."""
    filtered, reference, on, off, _ = pixels
    for k in range(n_fired):
        b = np.int64(fired[k])
        word, left = beyond(filtered, reference, on, off, b * SHARING, lift)
        fuse[b] = lift + (left - MARGIN) if word == _NONE else BURNT


@inline
def _append(listed, n, first, word):
    """List ``first`` and the place of each bit of a word, of sixteen; returns the new length."""
    for half in range(0, 16, 8):
        bits = np.uint8(word >> np.uint64(half) & _EIGHT)
        append(listed, n, np.uint32(first + half), bits)
        n += ones(bits)
    return n
