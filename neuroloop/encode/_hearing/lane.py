"""Operations that compiled filters need and Python has no word for, one instruction each.

A fused multiply-add rounds once and on every machine to the same bits, so that no compiler's
freedom to contract decides about the last bit of a filter.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_F32 = ir.FloatType()
_I32 = ir.IntType(32)


@intrinsic
def fma(_typing, a, b, c):
    """Return ``a * b + c`` (float32), rounded once."""

    def codegen(_context, builder, _signature, args):
        function = ir.FunctionType(_F32, [_F32] * 3)
        name = "llvm.fma.f32"
        return builder.call(cgutils.get_or_insert_function(builder.module, function, name), args)

    return types.float32(types.float32, types.float32, types.float32), codegen


@intrinsic
def bits(_typing, value):
    """Return the 32 bits of a float32 as int32."""

    def codegen(_context, builder, _signature, args):
        return builder.bitcast(args[0], _I32)

    return types.int32(types.float32), codegen


@intrinsic
def from_bits(_typing, word):
    """Return the float32 that these 32 bits (int32) are."""

    def codegen(_context, builder, _signature, args):
        return builder.bitcast(args[0], _F32)

    return types.float32(types.int32), codegen


@intrinsic
def pick(_typing, condition, a, b):
    """Return ``a`` where the condition holds, else ``b`` (float32), without a branch."""

    def codegen(_context, builder, _signature, args):
        return builder.select(args[0], args[1], args[2])

    return types.float32(types.boolean, types.float32, types.float32), codegen
