"""What compresses loudness: the positive half of a number, to a power, for many numbers at once.

``scale * max(x, floor) ** exponent`` as ``2 ** (exponent * log2(x))``, both by polynomials that
were fitted for the least largest error; together they are right to 1 in 10,000 for exponents up to
1, and have the same bits on every machine.
"""

import numpy as np

from neuroloop.core.kernel import kernel
from neuroloop.encode._hearing.lane import bits, fma, from_bits, pick

_FLOOR = np.float32(1e-12)
"""of full scale: below it there is no sound"""
_ONE = np.float32(1.0)
_MANTISSA, _EXPONENT_OF_1 = np.int32(0x7FFFFF), np.int32(0x3F800000)
_PER_OCTAVE = np.float32(2.0**-23)
_ROUND = np.float32(1.5 * 2.0**23)
"""added and taken away again it leaves the nearest whole number"""
_ROUND_BITS = np.int32(0x4B400000)
# log2(1 + t) - t = t (1 - t) (a + b t + c t^2) for 0 <= t < 1
_L0, _L1, _L2 = np.float32(0.4387257), np.float32(-0.23905804), np.float32(0.0821305)
# 2^t for -1/2 <= t <= 1/2
_E1, _E2 = np.float32(0.69312419), np.float32(0.24024099)
_E3, _E4 = np.float32(0.05590643), np.float32(0.00958285)


@kernel
def compress(numbers, exponent, log2_scale):
    """Replace each of ``numbers`` (``float32[n]``); ``exponent`` and ``log2_scale`` are float32."""
    for i in range(numbers.size):
        x = numbers[i]
        word = bits(pick(x > _FLOOR, x, _FLOOR))
        t = from_bits((word & _MANTISSA) | _EXPONENT_OF_1) - _ONE
        curve = (t - t * t) * fma(fma(_L2, t, _L1), t, _L0)
        log2 = fma(np.float32(word - _EXPONENT_OF_1), _PER_OCTAVE, curve)
        power = fma(exponent, log2, log2_scale)
        shifted = power + _ROUND
        t = power - (shifted - _ROUND)
        fraction = fma(fma(fma(fma(_E4, t, _E3), t, _E2), t, _E1), t, _ONE)
        numbers[i] = from_bits(bits(fraction) + ((bits(shifted) - _ROUND_BITS) << np.int32(23)))
