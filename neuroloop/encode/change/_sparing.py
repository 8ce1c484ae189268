"""As `_emit`, where not every event may be given: pixels rest after one, or there is no room.

An event that comes sooner after the last one of its pixel than the refractory period is not given;
noise is.
"""

import numpy as np

from neuroloop.core.kernel import inline, kernel
from neuroloop.encode.change._event_lanes import EVENTS, events
from neuroloop.encode.change._noise import pixel_of, step_of
from neuroloop.encode.change._random import GOLDEN

_HALF = np.uint64(32)
_NEVER = -(2**62)
_ALMOST = 1.0 - 1e-6
"""rounds up what is above 0, without a call"""


@inline
def _keep(place, at, wrote, rule, moment):
    """Keep those of some events that are due, close up, and return how many.

    ``rule`` says whether there is too little room, the limit of the Weyl sequence, room that is
    left and steps from event to event; ``moment`` is the sequence, the first step at which the next
    event may come, and the last that was given; it comes back as it is then.
    """
    tight, limit, left, rest = rule
    weyl, free, latest = moment
    given, out = 0, 0
    for j in range(wrote):
        s = int(place[at + j])
        weyl += GOLDEN
        chosen = not tight or ((weyl >> _HALF) < limit and given < left)
        out += not chosen
        # no branch on what cannot be foreseen
        due = chosen & (s >= free)
        place[at + given] = np.uint16(s)
        free, latest = (s + rest, s) if due else (free, latest)
        given += int(due)
    return given, out, (weyl, free, latest)


@inline
def _noise_below(noise, limits, place, unit, done):
    """Write the noise of pixels below one; ``done`` is how far we are, and comes back."""
    (spots, bright, n_noise), (i, off, steps, tight, limit, room) = noise, limits
    m, m_on, n_on, n_off, left_out, weyl = done
    while m < n_noise:
        is_on = np.int64(bright[m])
        spot = spots[m_on if is_on else spots.shape[0] // 2 + m - m_on]
        pixel = np.int64(pixel_of(spot))
        if pixel >= i:
            break
        at = n_on if is_on else unit.shape[0] // 2 + n_off
        place[at] = step_of(spot, np.uint64(steps))
        unit[at] = np.uint32(pixel + (1 - is_on) * off)
        given = 1
        if tight:
            rule, moment = (tight, limit, room - n_on - n_off, 0), (weyl, 0, 0)
            given, out, (weyl, _, _) = _keep(place, at, 1, rule, moment)
            left_out += out
        n_on += given * is_on
        n_off += given * (1 - is_on)
        m += 1
        m_on += is_on
    return m, m_on, n_on, n_off, left_out, weyl


@kernel
def emit_sparing(pixels, lines, noise, units, share, clock, rests, place, unit):
    """Write the events: ON from the start of ``place`` and ``unit`` on, OFF from their middle on.

    Both are in the order of their units.

    Parameters
    ----------
    pixels, lines
        Those that light changed in, in order, and their crossings (`_crossing.cross`).
    noise
        As in `_emit.emit`.
    units
        Number of units: ON, then OFF.
    share
        Room for events, and how many there are; of too many some are left out, evenly in place and
        time: those at which a Weyl sequence is low.
    clock
        When the first of the steps begins, steps a microsecond, and the refractory period.
    rests
        Of each pixel whether it may still be within its refractory period when the frame begins,
        and until when, where it may; changed here.

    Returns
    -------
    tuple
        How many are ON, how many OFF, and how many were left out for want of room.
    """
    (active, n), (number, start, pace), (resting, ready) = pixels, lines, rests
    n_noise, (room, wanted) = noise[2], share
    begin, steps, per_us, refractory_us = clock
    half, off = unit.shape[0] // 2, units // 2
    rest, us = int(refractory_us * per_us + _ALMOST), 1.0 / per_us
    top, apart = np.float32(steps - 1), np.float32(rest + 1)
    tight, limit, weyl = room < wanted, np.uint64(2.0**32 * room / wanted), np.uint64(0)
    n_on, n_off, m, m_on, left_out = 0, 0, 0, 0, 0
    for k in range(n + 1):
        i = np.int64(active[k]) if k < n else off
        if n_noise > 0:
            limits = (i, off, steps, tight, limit, room)
            done = (m, m_on, n_on, n_off, left_out, weyl)
            done = _noise_below(noise, limits, place, unit, done)
            m, m_on, n_on, n_off, left_out, weyl = done
        count = abs(number[k]) if k < n else 0
        if count == 0:
            continue
        bright, latest, free = number[k] > 0, _NEVER, 0
        if rest > 0 and resting[i] != 0:
            free = int(np.float64(ready[i] - begin) * per_us + _ALMOST) - 1
        slow = rest > 0 and (abs(pace[k]) < apart or start[k] + pace[k] < np.float32(free + 1))
        for q in range(0, count, EVENTS):
            first = start[k] + np.float32(q) * pace[k]
            at, who = (n_on, i) if bright else (half + n_off, off + i)
            events(place, unit, at, np.uint32(who), first, pace[k], top)
            given = min(EVENTS, count - q)
            if slow or tight:
                rule = (tight, limit, room - n_on - n_off, rest)
                given, out, moment = _keep(place, at, given, rule, (weyl, free, latest))
                weyl, free, latest = moment
                left_out += out
            n_on += given if bright else 0
            n_off += 0 if bright else given
        if rest > 0 and not (slow or tight):
            latest = int(min(start[k] + np.float32(count) * pace[k], top))
        if rest > 0 and latest + rest >= steps:
            resting[i] = np.uint8(1)
            ready[i] = begin + np.int64((latest + 1) * us + _ALMOST) + refractory_us
    return n_on, n_off, left_out
