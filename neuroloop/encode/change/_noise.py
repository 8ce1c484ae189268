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
_DARK, _LIGHT, _SURE = np.int32(275), np.int32(768), np.int32(281_463 - 768 * 20)
_NONE, _BIT, _BITS, _REST = map(np.uint64, (0, 1, 32, 2**32 - 1))
_ONE, _FAR = 2.0**32, 2.0**30
"""a pixel's stretch, and how many of them the longest step may be"""
_BLOCK = 256
SPARE = _BLOCK
"""places behind each list that stay free"""


@inline
def pixel_of(spot):
    """Return the pixel that a point of the line lies in."""
    return spot >> _BITS


@inline
def step_of(spot, many):
    """Return the step of time, of so ``many``, that a point of the line is at."""
    return np.uint16((spot & _REST) * many >> _BITS)


@inline
def _gap(word, apart):
    """Return how far it is to the next point, in 2^-32 pixels, where the mean is ``apart``."""
    return np.uint64(min(exponential(word) * apart, _FAR) * _ONE)


@kernel
def _gaps(state, apart, words, gaps):
    """Draw random words, and from them how far it is from point to point, in wide instructions."""
    for j in range(_BLOCK):
        words[j] = mixed(state + GOLDEN * np.uint64(j + 1))
    for j in range(_BLOCK):
        gaps[j] = _gap(words[j], apart)


@kernel
def _within(spots, at, end, grey, seen):
    """Turn gaps into points after ``at``, and see their greys; returns how many are below ``end``.

    Each has to wait for the one before it, and meanwhile greys are looked up.
    """
    last = pixel_of(end) - _BIT
    for j in range(spots.shape[0]):
        at += spots[j]
        spots[j] = at
        seen[j] = grey[min(pixel_of(at), last)]
    n = spots.shape[0]
    while n > 0 and spots[n - 1] >= end:
        n -= 1
    return n


@kernel
def _choose(words, seen, is_on, is_off):
    """Find which points become ON and which OFF events, from their random words and greys.

    An event that a pixel in the dark would have stays with the chance of 1 - 0.75 b, which is that
    of a number r of ten bits to have r + 0.5 < 1024 - 768 (g + 20) / 275; in whole numbers here.
    """
    for j in range(_BLOCK):
        number = np.int32((words[j] >> _BIT) & _TEN_BITS)
        stays = np.uint8(number * _DARK + np.int32(seen[j]) * _LIGHT < _SURE)
        bright = np.uint8(words[j] & _BIT)
        is_on[j], is_off[j] = stays & bright, stays & ~bright


@kernel
def shot(grey, pixels, expected, random, out):
    """Draw shot noise; returns how many events fit into the lists and how many did not.

    ``expected`` is how many events a pixel without light is to have.  ``out`` are lists as `emit`
    takes them: points of the line (uint64), ON from the start on and OFF from the middle on, and,
    of both in the order of pixels, whether it is an ON event.
    """
    spot, bright = out
    # all without a sign, so that compiled code need not look for negative places
    room, half = np.uint64(bright.shape[0] - SPARE), np.uint64(spot.shape[0] // 2)
    state, lost, apart = random[0], np.uint64(0), 1.0 / expected
    end, at, n_on, n_off = np.uint64(pixels) << _BITS, _NONE, _NONE, _NONE
    words, spots = np.empty(_BLOCK, np.uint64), np.empty(_BLOCK, np.uint64)
    seen, is_on, is_off = np.empty((3, _BLOCK), np.uint8)
    while at < end:
        _gaps(state, apart, words, spots)
        within = _within(spots, at, end, grey, seen)
        _choose(words, seen, is_on, is_off)
        for j in range(within):
            # no branch on what cannot be foreseen; what does not stay is written over
            spot[n_on] = spot[half + n_off] = spots[j]
            bright[n_on + n_off] = is_on[j]
            n_on += np.uint64(is_on[j])
            n_off += np.uint64(is_off[j])
        for k in range(room, n_on + n_off):
            is_lost_on = np.uint64(bright[k])
            n_on -= is_lost_on
            n_off -= _BIT - is_lost_on
            lost += _BIT
        drawn = min(within + 1, _BLOCK)
        state += GOLDEN * np.uint64(drawn)
        at = spots[drawn - 1]
    random[0] = state
    return np.int64(n_on + n_off), np.int64(lost)


@kernel
def with_hot(hot, expected, random, shots, n_shots, out):
    """Merge shot noise with the ON events of the pixels ``hot``; returns as `shot` does.

    ``shots`` are the lists of ``n_shots`` events that were drawn, ``out`` those of all.
    """
    (spot, bright), (shot_spot, shot_bright) = out, shots
    room, half = bright.shape[0] - SPARE, spot.shape[0] // 2
    state, n, n_on, lost, k, k_on, apart = random[0], 0, 0, 0, 0, 0, 1.0 / expected
    at = np.uint64(0)
    while True:
        state += GOLDEN
        at += _gap(mixed(state), apart)
        j = pixel_of(at)
        ends = j >= np.uint64(hot.shape[0])
        i = _NONE if ends else np.uint64(hot[j])
        while k < n_shots:
            is_on = int(shot_bright[k])
            of, to = (k_on, n_on) if is_on else (half + k - k_on, half + n - n_on)
            if not ends and pixel_of(shot_spot[of]) > i:
                break
            spot[to], bright[n] = shot_spot[of], np.uint8(is_on)
            fits = int(n < room)
            lost += 1 - fits
            n += fits
            n_on += fits & is_on
            k += 1
            k_on += is_on
        if ends:
            break
        spot[n_on], bright[n] = (i << _BITS) | (at & _REST), np.uint8(1)
        fits = int(n < room)
        lost += 1 - fits
        n += fits
        n_on += fits
    random[0] = state
    return n, lost
