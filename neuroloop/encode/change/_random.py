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
_CELLS = 1024
_LN = np.log1p(np.arange(_CELLS + 1) / _CELLS)
_LN_2 = math.log(2.0)
_PER_22_BITS = _CELLS * 2.0**-22
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
    and a uniform m, whose logarithm is interpolated in a table: wrong by 1e-7 at most.
    """
    bits = word >> np.uint64(12)
    zeros = lowest(bits | _BIT_29)
    m = np.float64(bits >> np.uint64(30)) * _PER_22_BITS
    j = np.int64(m)
    ln = _LN[j] + (_LN[j + 1] - _LN[j]) * (m - j)
    return (zeros + 1) * _LN_2 - ln


@inline
def normal(word):
    """Return a nearly normal ``float32`` of deviation 1 from a random word: a sum of four parts."""
    total = np.int64(word & _LOW_16) + np.int64((word >> np.uint64(16)) & _LOW_16)
    total += np.int64((word >> np.uint64(32)) & _LOW_16) + np.int64(word >> np.uint64(48))
    return np.float32(total - 131070) * _NORMAL
