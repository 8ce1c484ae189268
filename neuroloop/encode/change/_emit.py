"""From the crossings of each pixel, and noise, to a list of events with their steps of time.

Sixteen events of a pixel are computed at once, as that is one instruction of a wide processor;
what is too many of them is written over by the next pixel.  Nothing branches on what cannot be
foreseen, as whether a pixel got brighter.
"""

import numpy as np

from neuroloop.core.kernel import inline, kernel
from neuroloop.encode.change._lanes import EVENTS, events

SPARE = 2 * EVENTS
"""places of each list that stay free"""
_TOGETHER = 128
"""pixels whose noise is written after their events: `_order.mend` has little to do then"""


@inline
def _noise_below(noise, limits, place, unit, done):
    """Write the noise of pixels below one; ``done`` is how far we are, and comes back."""
    (noisy, noise_place, noise_on, n_noise), (end, off) = noise, limits
    m, n_on, n_off = done
    while m < n_noise and noisy[m] < end:
        bright, half = np.int64(noise_on[m]), unit.shape[0] // 2
        at = n_on if bright != 0 else half + n_off
        place[at] = noise_place[m]
        unit[at] = noisy[m] + (1 - bright) * off
        n_on += bright
        n_off += 1 - bright
        m += 1
    return m, n_on, n_off


@kernel
def emit(pixels, lines, noise, off, steps, place, unit):
    """Write all events: ON from the start of ``place`` and ``unit`` on, OFF from their middle on.

    Both are in the order of their units, but for noise among 128 pixels.

    Parameters
    ----------
    pixels, lines
        Those that light changed in, in order, and their crossings (`_crossing.cross`).
    noise
        Lists of pixels, steps of time and whether it is ON, and how many there are.
    off
        Number of pixels, which is the first unit that is OFF.
    steps
        Of time, from frame to frame.

    Returns
    -------
    tuple
        How many are ON, and how many OFF.
    """
    (active, n), (number, start, pace) = pixels, lines
    half, top, n_noise = unit.shape[0] // 2, np.float32(steps - 1), noise[3]
    n_on, n_off, m, end = 0, 0, 0, 0
    for k in range(n):
        i, signed = int(active[k]), int(number[k])
        if n_noise > 0 and i >= end:
            first = i // _TOGETHER * _TOGETHER
            m, n_on, n_off = _noise_below(noise, (first, off), place, unit, (m, n_on, n_off))
            end = first + _TOGETHER
        count = abs(signed)
        at, who = (n_on, i) if signed > 0 else (half + n_off, off + i)
        events(place, unit, at, np.uint32(who), start[k], pace[k], top)
        for q in range(EVENTS, count, EVENTS):
            later = start[k] + np.float32(q) * pace[k]
            events(place, unit, at + q, np.uint32(who), later, pace[k], top)
        n_on += max(signed, 0)
        n_off += max(-signed, 0)
    _, n_on, n_off = _noise_below(noise, (off, off), place, unit, (m, n_on, n_off))
    return n_on, n_off
