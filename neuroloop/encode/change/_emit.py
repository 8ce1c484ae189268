"""From the crossings of each pixel, and noise, to a list of events with their steps of time.

Sixteen events of a pixel are computed at once, as that is one instruction of a wide processor;
what is too many of them is written over by the next pixel.  Nothing branches on what cannot be
foreseen, as whether a pixel got brighter.
"""

import numpy as np

from neuroloop.core.kernel import inline, kernel
from neuroloop.encode.change._event_lanes import EVENTS, events, points
from neuroloop.encode.change._noise import pixel_of

SPARE = 2 * EVENTS
"""places of each list that stay free"""
_TOGETHER = 2 * EVENTS
"""noise that is written at a time, near its place in the order: `_order.mend` has little to do"""
_NEVER = np.uint64(2**64 - 1)


@inline
def _next(spots, m, end):
    """Return the pixel before whose events the noise from place m on is written."""
    return pixel_of(spots[m + EVENTS]) if m + _TOGETHER <= end else _NEVER


@inline
def _together(spots, m, steps, off, place, unit, n):
    """Write the noise from place m on to place n on."""
    for k in range(0, _TOGETHER, EVENTS):
        points(spots, m + k, np.uint32(steps), np.uint32(off), place, unit, n + k)


@kernel
def emit(pixels, lines, noise, off, steps, place, unit):
    """Write all events: ON from the start of ``place`` and ``unit`` on, OFF from their middle on.

    Both are in the order of their units, but for noise, which is near its place.

    Parameters
    ----------
    pixels, lines
        Those that light changed in, in order, and their crossings (`_crossing.cross`).
    noise
        Lists of points (`_noise`), ON from the start and OFF from the middle on, and, of both in
        the order of pixels, whether it is ON; and how many there are.
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
    spots, bright, n_noise = noise
    half, top, middle = unit.shape[0] // 2, np.float32(steps - 1), spots.shape[0] // 2
    noise_on = _count(bright[:n_noise])
    n_on, n_off, m_on, m_off = 0, half, 0, middle
    end_on, end_off = noise_on, middle + n_noise - noise_on
    next_on, next_off = _next(spots, m_on, end_on), _next(spots, m_off, end_off)
    soonest = min(next_on, next_off)
    for k in range(n):
        i, signed = int(active[k]), int(number[k])
        if n_noise > 0 and np.uint64(i) >= soonest:
            while np.uint64(i) >= next_on:
                _together(spots, m_on, steps, 0, place, unit, n_on)
                n_on += _TOGETHER
                m_on += _TOGETHER
                next_on = _next(spots, m_on, end_on)
            while np.uint64(i) >= next_off:
                _together(spots, m_off, steps, off, place, unit, n_off)
                n_off += _TOGETHER
                m_off += _TOGETHER
                next_off = _next(spots, m_off, end_off)
            soonest = min(next_on, next_off)
        count = abs(signed)
        at, who = (n_on, i) if signed > 0 else (n_off, off + i)
        events(place, unit, at, np.uint32(who), start[k], pace[k], top)
        for q in range(EVENTS, count, EVENTS):
            later = start[k] + np.float32(q) * pace[k]
            events(place, unit, at + q, np.uint32(who), later, pace[k], top)
        n_on += max(signed, 0)
        n_off += max(-signed, 0)
    for m in range(m_on, end_on, _TOGETHER):
        _together(spots, m, steps, 0, place, unit, n_on + m - m_on)
    for m in range(m_off, end_off, _TOGETHER):
        _together(spots, m, steps, off, place, unit, n_off + m - m_off)
    return n_on + end_on - m_on, n_off + end_off - m_off - half


@kernel
def _count(bright):
    """Return how much noise is ON."""
    n_on = 0
    for k in range(bright.shape[0]):
        n_on += bright[k]
    return n_on
