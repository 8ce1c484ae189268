"""Random numbers that cost two multiplications, from one word of state.

Source: G. L. Steele, D. Lea and C. H. Flood, "Fast splittable pseudorandom number generators",
OOPSLA 2014 (SplitMix64).
"""

import math

import numpy as np

from neuroloop.core.kernel import inline
from neuroloop.core.native import lowest

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
"""from one state to the next, by addition"""
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_LOW_16 = np.uint64(0xFFFF)
_LN_2, _LN_1_5 = math.log(2.0), math.log(1.5)
_3RD, _5TH, _7TH, _9TH = 2 / 3, 2 / 5, 2 / 7, 2 / 9
_PER_22_BITS = 2.0**-22
_BIT_29 = np.uint64(1 << 29)
_NORMAL = np.float32(math.sqrt(3.0) / 65536.0)


@inline
def mixed(state):
    """Return the random number of a state, ``uint64``."""
    z = (state ^ (state >> np.uint64(30))) * _MIX_1
    z = (z ^ (z >> np.uint64(27))) * _MIX_2
    return z ^ (z >> np.uint64(31))


@inline
def exponential(word):
    """Return an exponential number of mean 1 from the upper 52 bits of a random word.

    A uniform number is 2^-(k+1) (1 + m) with a geometric k, the zeros at the end of random bits,
    and a uniform m, whose logarithm is that of 1.5 and a series of the inverse hyperbolic tangent:
    wrong by 1e-8 at most, and without a table, which wide instructions read slowly.
    """
    bits = word >> np.uint64(12)
    zeros = lowest(bits | _BIT_29)
    m = np.float64(np.int64(bits >> np.uint64(30))) * _PER_22_BITS
    s = (m - 0.5) / (m + 2.5)
    t = s * s
    series = s * (2.0 + t * (_3RD + t * (_5TH + t * (_7TH + t * _9TH))))
    return (zeros + 1) * _LN_2 - (_LN_1_5 + series)


@inline
def normal(word):
    """Return a nearly normal ``float32`` of deviation 1 from a random word: a sum of four parts."""
    total = np.int64(word & _LOW_16) + np.int64((word >> np.uint64(16)) & _LOW_16)
    total += np.int64((word >> np.uint64(32)) & _LOW_16) + np.int64(word >> np.uint64(48))
    return np.float32(total - 131070) * _NORMAL
