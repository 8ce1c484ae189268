"""What an ear does not hear is taken out of sound: what is no sample, and a constant.

A constant is removed by a high-pass of first order, ``mean += a (x - mean)``, ``y = x - mean``.
"""

import math

import numpy as np

from neuroloop.core.kernel import kernel
from neuroloop.core.values import Float32s
from neuroloop.encode._hearing.lane import fma

_ZERO, _ONE = np.float32(0.0), np.float32(1.0)
_OFFSET = np.float32(1e-18)
"""kept from silence: far below all sound, far above numbers too small to be computed fast"""


class Cleaner:
    """Turns blocks of samples into one clean row an ear.

    ``mean`` (``float32[ears]``) is what it keeps from block to block.
    """

    def __init__(self, mean: Float32s, cutoff_hz: float, rate_hz: int) -> None:
        self._mean = mean
        self.wrong = 0
        """samples that were no number or beyond -1...1"""
        self._follow = np.float32(-math.expm1(-2.0 * math.pi * cutoff_hz / rate_hz))

    def clean(self, samples: Float32s) -> Float32s:
        """Return ``float32[n, ears]`` as ``float32[ears, n]``."""
        ears = np.empty(samples.shape[::-1], np.float32)
        self.wrong += int(clean(samples, self._mean, self._follow, ears))
        return ears


@kernel
def clean(samples, mean, follow, ears):
    """Clean each ear's samples; return how many were none.

    What is no number becomes 0, what is beyond -1...1 the nearer end.
    """
    wrong = 0
    for ear in range(ears.shape[0]):
        to, middle = ears[ear], mean[ear]
        for i in range(to.size):
            x = samples[i, ear]
            if not -_ONE <= x <= _ONE:
                wrong += 1
                x = _ONE if x > _ONE else (-_ONE if x < -_ONE else _ZERO)
            middle = fma(follow, (x + _OFFSET) - middle, middle)
            to[i] = x - middle
        mean[ear] = middle
    return wrong
