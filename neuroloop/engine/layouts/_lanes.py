"""Instructions that Numba has no word for: masked adds of 64 lanes, and reading ahead."""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

from neuroloop.core.kernel import inline

BLOCK = 32
"""synapses that are added in one go while as many of a later row are asked for"""
LEAD = 2
"""how many rows later that is"""
SHORT = 128
"""synapses of a row that is asked for as a whole"""
_BYTE = ir.IntType(8)
_I32 = ir.IntType(32)
_LANES = ir.VectorType(_BYTE, 64)
_MASK = ir.VectorType(ir.IntType(1), 64)


def _pointer(context, builder, signature, args):
    return builder.gep(make_array(signature.args[0])(context, builder, args[0]).data, [args[1]])


@intrinsic
def count_bits(_typing, counts, i, a, b, c, d):
    """Add the bits of four words (uint64) to the bytes ``counts[i : i + 64]``."""

    def codegen(context, builder, signature, args):
        first = _pointer(context, builder, signature, args)
        place = builder.bitcast(first, _LANES.as_pointer())
        total = builder.load(place, align=1)
        for word in args[2:]:
            mask = builder.bitcast(word, _MASK)
            total = builder.add(total, builder.zext(mask, _LANES))
        builder.store(total, place, align=1)
        return context.get_dummy_value()

    words = (types.uint64,) * 4
    return types.void(counts, types.intp, *words), codegen


@intrinsic
def read_ahead(_typing, array, i):
    """Ask for the line of memory that holds ``array[i]``; any ``i`` is harmless."""

    def codegen(context, builder, signature, args):
        place = _pointer(context, builder, signature, args)
        place = builder.bitcast(place, _BYTE.as_pointer())
        kind = ir.FunctionType(ir.VoidType(), [place.type, _I32, _I32, _I32])
        prefetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        builder.call(prefetch, [place, _I32(0), _I32(3), _I32(1)])
        return context.get_dummy_value()

    return types.void(array, types.intp), codegen


@inline
def rows_ahead(start, target):
    """Return how many rows later to ask for, where rows are short: some 256 synapses later."""
    rows = max(start.shape[0] - 1, 1)
    return min(max(256 * rows // max(target.shape[0], 1), LEAD), 16)
