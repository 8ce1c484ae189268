"""The exponential function in the tick: float32, without a call, so that loops over it vectorise.

exp(x) = 2^k exp(r) with k = rint(x / ln 2) and |r| <= ln 2 / 2; exp(r) is a polynomial of degree 7
and 2^k is put together from its bits.  The relative error is below 1e-7.

Source: the coefficients are those of ``expf`` in S. L. Moshier's Cephes library, 1992.
"""

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from neuroloop.core.kernel import inline

_LOWEST, _HIGHEST = np.float32(-87.0), np.float32(88.0)
_PER_LN2 = np.float32(1.44269504)
_LN2_HIGH, _LN2_LOW = np.float32(0.693145752), np.float32(1.42860677e-6)
_C7, _C6 = np.float32(1.9875691500e-4), np.float32(1.3981999507e-3)
_C5, _C4 = np.float32(8.3334519073e-3), np.float32(4.1665795894e-2)
_C3, _C2 = np.float32(1.6666665459e-1), np.float32(5.0000001201e-1)
_ONE = np.float32(1.0)
_BIAS, _MANTISSA = np.int32(127), np.int32(23)


@intrinsic
def _rint(_typing, x):
    """Round float32 to the nearest whole number, ties to even."""

    def codegen(_context, builder, _signature, args):
        kind = ir.FloatType()
        rint = builder.module.declare_intrinsic("llvm.rint", [kind])
        return builder.call(rint, args)

    return types.float32(types.float32), codegen


@intrinsic
def _as_float(_typing, bits):
    """Read the bits of an int32 as a float32."""

    def codegen(_context, builder, _signature, args):
        return builder.bitcast(args[0], ir.FloatType())

    return types.float32(types.int32), codegen


@inline
def exp32(x):
    """Return exp of a float32; x counts as -87 below that and where it is no number, as 88 above.

    So the result is finite and above 0, whatever x is.
    """
    low = x if x > _LOWEST else _LOWEST
    y = low if low < _HIGHEST else _HIGHEST
    k = _rint(y * _PER_LN2)
    r = (y - k * _LN2_HIGH) - k * _LN2_LOW
    p = ((((_C7 * r + _C6) * r + _C5) * r + _C4) * r + _C3) * r + _C2
    return (p * r * r + r + _ONE) * _as_float(np.int32((np.int32(k) + _BIAS) << _MANTISSA))
