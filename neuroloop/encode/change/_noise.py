r"""Events that no light caused: shot noise and hot pixels.

Shot noise is a Poisson process in each pixel, half ON, half OFF, of the rate
``shot_noise_hz`` :math:`(1 - 0.75 b)` with the brightness :math:`b = (g + 20) / 275`.  Hot pixels
fire ON events as Poisson processes of one rate.  Neither moves a pixel's reference.

All pixels' processes are drawn as one on a line on which pixel i owns the stretch from i to i + 1:
the whole part of a point is the pixel, the rest the time.  So the work is that of the events,
however many pixels there are, and they come in the order of their pixels.

Source of the rates: Y. Hu, S.-C. Liu and T. Delbruck, "v2e: From video frames to realistic DVS
events", CVPR workshops, 2021.
"""

import numpy as np

from neuroloop.core.kernel import kernel
from neuroloop.encode.change._random import GOLDEN, exponential, mixed

_TEN_BITS = np.uint64(0x3FF)
_FADES = 0.75 * 1024.0 / 275.0


@kernel
def shot(grey, pixels, expected, steps, random, out):
    """Draw shot noise; returns how many events fit into the lists and how many did not.

    ``expected`` is how many events a pixel without light is to have.  ``out`` are the lists of
    pixels, steps of time, and whether it is an ON event.
    """
    who, place, bright = out
    room = who.shape[0] - 1  # the place after the last is written to and not counted
    state, n, lost, at, apart = random[0], 0, 0, 0.0, 1.0 / expected
    while True:
        state += GOLDEN
        word = mixed(state)
        at += exponential(word) * apart
        if not at < pixels:
            break
        i = np.int64(at)
        who[n], place[n] = i, np.uint16(np.int64((at - i) * steps))
        bright[n] = np.uint8(word & np.uint64(1))
        # the chance of 1 - 0.75 b that an event of the rate in the dark stays
        chance = np.float64((word >> np.uint64(1)) & _TEN_BITS) + 0.5
        stays = chance < 1024.0 - _FADES * (np.float64(grey[i]) + 20.0)
        fits = n < room
        lost += int(stays and not fits)
        n += int(stays and fits)
    random[0] = state
    return n, lost


@kernel
def with_hot(hot, expected, steps, random, shots, n_shots, out):
    """Merge shot noise with the ON events of the pixels ``hot``; returns as `shot` does.

    ``shots`` are the lists of ``n_shots`` events that were drawn, ``out`` those of all.
    """
    (who, place, bright), (shot_who, shot_place, shot_bright) = out, shots
    room = who.shape[0] - 1
    state, n, lost, at, k, apart = random[0], 0, 0, 0.0, 0, 1.0 / expected
    while True:
        state += GOLDEN
        at += exponential(mixed(state)) * apart
        j = np.int64(at)
        ends = not at < hot.shape[0]
        i = np.int64(-1) if ends else np.int64(hot[j])
        while k < n_shots and (ends or shot_who[k] <= i):
            who[n], place[n], bright[n] = shot_who[k], shot_place[k], shot_bright[k]
            fits = n < room
            lost += int(not fits)
            n += int(fits)
            k += 1
        if ends:
            break
        who[n], place[n] = i, np.uint16(np.int64((at - j) * steps))
        bright[n] = np.uint8(1)
        fits = n < room
        lost += int(not fits)
        n += int(fits)
    random[0] = state
    return n, lost
