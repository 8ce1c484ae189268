"""Where a sound comes from, by when it reaches two ears: a running cross-correlation of each band.

The signals of both ears in each band are multiplied at every delay that their distance allows, and
the products summed with an exponential window.  The sum over bands, each scaled to 1 at full
agreement, peaks at the delay of the sound; a parabola through the peak finds it between samples.
"""

import numpy as np

from neuroloop.core.kernel import kernel
from neuroloop.encode._hearing.gammatone import LANES, STATE, filter_group
from neuroloop.encode._hearing.lane import fma

PIECE = 64
_QUIETER = np.float32(1e-3)
"""bands this much weaker in power than the strongest have no say"""
DELAY, AGREEMENT, LEVEL, POWER = range(4)
"""what `estimate` finds: samples, -1...1, dB, mean square of full scale"""


@kernel
def multiply(sounds, k, z, past, products, powers):
    """Take in ``sounds`` (``float32[2, m]``, m at most `PIECE`).

    ``past`` (``float32[2, (m + delays) * LANES]``) keeps the bands of each ear for as long as the
    delays last, ``products`` is ``float32[delays * LANES]``, ``powers`` ``float32[2 * LANES]``.
    """
    m, delays = sounds.shape[1], products.size // LANES
    for ear in range(2):
        bands = past[ear]
        now = bands[(delays - 1) * LANES : (delays - 1 + m) * LANES]
        filter_group(sounds[ear], k, z[ear * STATE : (ear + 1) * STATE], now)
    middle = delays // 2
    for i in range(m):
        left = past[0][(middle + i) * LANES : (middle + i + 1) * LANES]
        for d in range(delays):
            right = past[1][(i + d) * LANES : (i + d + 1) * LANES]
            product = products[d * LANES : (d + 1) * LANES]
            for c in range(LANES):
                product[c] = fma(left[c], right[c], product[c])
        for ear in range(2):
            band = past[ear][(middle + i) * LANES : (middle + i + 1) * LANES]
            power = powers[ear * LANES : (ear + 1) * LANES]
            for c in range(LANES):
                power[c] = fma(band[c], band[c], power[c])
    for ear in range(2):
        bands = past[ear]
        for j in range((delays - 1) * LANES):
            bands[j] = bands[j + m * LANES]


@kernel
def estimate(products, powers, samples, agreement, found):
    """Set ``found`` from the sums over ``samples`` (how many the window weighs, in effect)."""
    delays, middle = agreement.size, agreement.size // 2
    zero, strongest, left, right = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
    for c in range(LANES):
        left, right = left + powers[c], right + powers[LANES + c]
        strongest = max(strongest, powers[c] + powers[LANES + c])
    found[POWER] = (left + right) / (2 * samples)
    found[LEVEL] = 10 * np.log10(max(left, np.float32(1e-20)) / max(right, np.float32(1e-20)))
    for d in range(delays):
        agreement[d] = zero
    bands = 0
    for c in range(LANES):
        both = np.sqrt(powers[c] * powers[LANES + c])
        if both > zero and powers[c] + powers[LANES + c] > strongest * _QUIETER:
            bands += 1
            for d in range(delays):
                agreement[d] += products[d * LANES + c] / both
    best = 0
    for d in range(delays):
        best = d if agreement[d] > agreement[best] else best
    found[AGREEMENT] = agreement[best] / max(bands, 1)
    found[DELAY] = best - middle
    if 0 < best < delays - 1:
        before, peak, after = agreement[best - 1], agreement[best], agreement[best + 1]
        bend = before - peak - peak + after
        if bend < zero:
            found[DELAY] += np.float32(0.5) * (before - after) / bend
