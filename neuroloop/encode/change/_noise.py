r"""Events that no light caused: shot noise and hot pixels.

Shot noise is a Poisson process in each pixel, half ON, half OFF, of the rate
``shot_noise_hz`` :math:`(1 - 0.75 b)` with the brightness :math:`b = (g + 20) / 275`.  Hot pixels
fire ON events as Poisson processes of one rate.  Neither moves a pixel's reference.

All pixels' processes are drawn as one on a line on which pixel i owns the stretch from i to i + 1:
the whole part of a point is the pixel, the rest, of 32 bits, the time.  So the work is that of the
events, however many pixels there are, and they come in the order of their pixels.

Source of the rates: Y. Hu, S.-C. Liu and T. Delbruck, "v2e: From video frames to realistic DVS
events", CVPR workshops, 2021.
"""

import numpy as np

from neuroloop.core.kernel import inline, kernel
from neuroloop.encode.change._random import GOLDEN, exponential, mixed

_TEN_BITS = np.uint64(0x3FF)
_FADES = 0.75 * 1024.0 / 275.0
_BIT, _BITS, _REST = np.uint64(1), np.uint64(32), np.uint64(2**32 - 1)
_ONE, _FAR = 2.0**32, 2.0**30
"""a pixel's stretch, and how many of them the longest step may be"""
_BLOCK = 256


@inline
def _gap(word, apart):
    """Return how far it is to the next point, in 2^-32 pixels, where the mean is ``apart``."""
    return np.uint64(min(exponential(word) * apart, _FAR) * _ONE)


@kernel
def shot(grey, pixels, expected, steps, random, out):
    """Draw shot noise; returns how many events fit into the lists and how many did not.

    ``expected`` is how many events a pixel without light is to have.  ``out`` are the lists of
    pixels, steps of time, and whether it is an ON event.
    """
    who, place, bright = out
    room = np.uint64(who.shape[0] - 1)  # the place after the last is written to and not counted
    state, lost, apart, many = random[0], 0, 1.0 / expected, np.uint64(steps)
    end, at, n = np.uint64(pixels) << _BITS, np.uint64(0), np.uint64(0)
    words, gaps = np.empty(_BLOCK, np.uint64), np.empty(_BLOCK, np.uint64)
    stay = np.empty(256, np.uint64)
    for g in range(256):
        # so many of 1,024 stay: the chance of 1 - 0.75 b that an event of the rate in the dark does
        stay[g] = np.uint64(1024.5 - _FADES * (np.float64(g) + 20.0))
    while at < end:
        # apart from what follows, as numbers are drawn in wide instructions
        for j in range(_BLOCK):
            words[j] = mixed(state + GOLDEN * np.uint64(j + 1))
        for j in range(_BLOCK):
            gaps[j] = _gap(words[j], apart)
        for j in range(_BLOCK):
            state += GOLDEN
            at += gaps[j]
            if at >= end:
                break
            i, word = at >> _BITS, words[j]
            who[n], place[n] = i, np.uint16((at & _REST) * many >> _BITS)
            bright[n] = np.uint8(word & _BIT)
            # no branch on what cannot be foreseen
            stays, fits = (word >> _BIT) & _TEN_BITS < stay[grey[i]], n < room
            lost += int(stays & (not fits))
            n += np.uint64(stays & fits)
    random[0] = state
    return np.int64(n), lost


@kernel
def with_hot(hot, expected, steps, random, shots, n_shots, out):
    """Merge shot noise with the ON events of the pixels ``hot``; returns as `shot` does.

    ``shots`` are the lists of ``n_shots`` events that were drawn, ``out`` those of all.
    """
    (who, place, bright), (shot_who, shot_place, shot_bright) = out, shots
    room = who.shape[0] - 1
    state, n, lost, k, apart = random[0], 0, 0, 0, 1.0 / expected
    at, many = np.uint64(0), np.uint64(steps)
    while True:
        state += GOLDEN
        at += _gap(mixed(state), apart)
        j = at >> _BITS
        ends = j >= np.uint64(hot.shape[0])
        i = np.int64(-1) if ends else np.int64(hot[j])
        while k < n_shots and (ends or shot_who[k] <= i):
            who[n], place[n], bright[n] = shot_who[k], shot_place[k], shot_bright[k]
            fits = n < room
            lost += int(not fits)
            n += int(fits)
            k += 1
        if ends:
            break
        who[n], place[n] = i, np.uint16((at & _REST) * many >> _BITS)
        bright[n] = np.uint8(1)
        fits = n < room
        lost += int(not fits)
        n += int(fits)
    random[0] = state
    return n, lost
