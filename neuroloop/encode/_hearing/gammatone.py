"""A bank of gammatone filters: bandwidths and places as in the human ear, four sections each.

A gammatone of order 4 and bandwidth ``b = 1.019 ERB(f)`` has the impulse response
``t^3 exp(-2 pi b t) cos(2 pi f t)``; its impulse-invariant digital form is four sections of second
order that share their poles, each with a zero of its own, scaled to a gain of 1 at ``f``.

Sources: M. Slaney, "An efficient implementation of the Patterson-Holdsworth auditory filter bank",
Apple technical report 35, 1993; B. Glasberg and B. Moore, "Derivation of auditory filter shapes
from notched-noise data", Hearing Research 47, 1990.

Channels lie side by side in groups of `LANES`, so that one instruction does the same for all of
a group.  In each group ``coefficients`` has rows of gain, four zeros and two poles, ``state`` two
rows a section; both are flat, for the distance between rows must be known when they are compiled.
"""

import numpy as np
from numpy.typing import NDArray

from neuroloop.core.kernel import kernel
from neuroloop.core.values import Float32s
from neuroloop.encode._hearing.lane import fma

LANES = 64
SECTIONS = 4
COEFFICIENTS = (3 + SECTIONS) * LANES
"""float32 a group"""
STATE = 2 * SECTIONS * LANES

Floats = NDArray[np.float64]


def erb_hz(centre_hz: Floats) -> Floats:
    """Return the equivalent rectangular bandwidth (Glasberg and Moore, equation 3)."""
    return 24.7 * (4.37e-3 * centre_hz + 1.0)


def centres_hz(low_hz: float, high_hz: float, n: int) -> Floats:
    """Return ``float64[n]`` from ``low_hz`` to ``high_hz``, evenly spaced in bandwidths."""
    low, high = np.log10(4.37e-3 * np.array([low_hz, high_hz]) + 1.0)
    centres: Floats = (10.0 ** np.linspace(low, high, n) - 1.0) / 4.37e-3
    return centres


def sections(centre_hz: Floats, rate_hz: float) -> tuple[Floats, Floats, Floats]:
    """Return gain ``[n]``, zeros ``[4, n]`` and poles ``[2, n]``.

    Section k is ``(1 + zeros[k] / z) / (1 + poles[0] / z + poles[1] / z^2)``.
    """
    angle = 2.0 * np.pi * centre_hz / rate_hz
    decay = 2.0 * np.pi * 1.019 * erb_hz(centre_hz) / rate_hz
    root = np.sqrt(3.0 + np.array([1, 1, -1, -1]) * 2.0**1.5) * np.array([1, -1, 1, -1])
    zeros = -np.exp(-decay) * (np.cos(angle) + root[:, None] * np.sin(angle))
    poles = np.stack([-2.0 * np.cos(angle) * np.exp(-decay), np.exp(-2.0 * decay)])
    z = np.exp(1j * angle)
    response = np.prod((1.0 + zeros / z) / (1.0 + poles[0] / z + poles[1] / z**2), axis=0)
    return 1.0 / np.abs(response), zeros, poles


def groups(n: int) -> int:
    """Return how many groups hold ``n`` channels."""
    return -(-n // LANES)


def coefficients(centre_hz: Floats, rate_hz: float) -> Float32s:
    """Return the filters as flat groups; lanes beyond the last channel are silent."""
    gain, zeros, poles = sections(centre_hz, rate_hz)
    rows = np.zeros((3 + SECTIONS, groups(len(gain)) * LANES))
    rows[:, : len(gain)] = (gain, *zeros, *-poles)
    lanes = rows.reshape(len(rows), -1, LANES).transpose(1, 0, 2)
    return np.ascontiguousarray(lanes, np.float32).ravel()


@kernel
def filter_group(samples, k, s, out):
    """Filter ``samples`` (``float32[m]``) by the channels of one group; ``out[m * LANES]``.

    Each section is in direct form II transposed: output, then the two numbers it keeps.
    """
    for i in range(samples.size):
        sample = samples[i]
        row = out[i * LANES : (i + 1) * LANES]
        for c in range(LANES):
            pole1, pole2 = k[5 * LANES + c], k[6 * LANES + c]
            x = sample * k[c]
            y = x + s[c]
            s[c] = fma(pole1, y, fma(k[1 * LANES + c], x, s[1 * LANES + c]))
            s[1 * LANES + c] = pole2 * y
            x = y
            y = x + s[2 * LANES + c]
            s[2 * LANES + c] = fma(pole1, y, fma(k[2 * LANES + c], x, s[3 * LANES + c]))
            s[3 * LANES + c] = pole2 * y
            x = y
            y = x + s[4 * LANES + c]
            s[4 * LANES + c] = fma(pole1, y, fma(k[3 * LANES + c], x, s[5 * LANES + c]))
            s[5 * LANES + c] = pole2 * y
            x = y
            y = x + s[6 * LANES + c]
            s[6 * LANES + c] = fma(pole1, y, fma(k[4 * LANES + c], x, s[7 * LANES + c]))
            s[7 * LANES + c] = pole2 * y
            row[c] = y
