"""Many pixels or events in one step: what compiled loops do not turn into wide instructions alone.

LLVM makes of each what the processor has, from 128 to 512 bits wide; the results are the same.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core.extending import intrinsic
from numba.np.arrayobj import make_array

_intrinsic: Any = intrinsic
PIXELS, EVENTS, TIMES = 64, 16, 16
"""how many at a time"""

_F32, _I8, _I16, _I32, _I64 = ir.FloatType(), *(ir.IntType(n) for n in (8, 16, 32, 64))


def _place(context: Any, builder: Any, signature: Any, args: Any, array: int, at: Any) -> Any:
    """Return where an element of an argument that is an array lies."""
    data = make_array(signature.args[array])(context, builder, args[array]).data
    return builder.gep(data, [at])


def _splat(builder: Any, value: Any, n: int) -> Any:
    """Return a vector of ``n`` times the same."""
    kind = ir.VectorType(value.type, n)
    one = builder.insert_element(ir.Constant(kind, ir.Undefined), value, _I32(0))
    return builder.shuffle_vector(one, one, ir.Constant(ir.VectorType(_I32, n), None))


def _store(builder: Any, vector: Any, place: Any) -> None:
    builder.store(vector, builder.bitcast(place, vector.type.as_pointer()), align=1)


@_intrinsic
def outside(_typing, grey, low, high, i):
    """Return which of 64 pixels (uint8) from ``i`` on are outside of their bounds, one bit each."""

    def codegen(context, builder, signature, args):
        kind = ir.VectorType(_I8, PIXELS)

        def load(array):
            first = _place(context, builder, signature, args, array, args[3])
            return builder.load(builder.bitcast(first, kind.as_pointer()), align=1)

        value = load(0)
        below = builder.icmp_unsigned("<", value, load(1))
        above = builder.icmp_unsigned(">", value, load(2))
        return builder.bitcast(builder.or_(below, above), _I64)

    return types.uint64(grey, low, high, types.intp), codegen


@_intrinsic
def beyond(_typing, level, k, reference, on, off, i, lift):
    """Return which of 64 pixels fire, one bit each, and how far the others are from ON at least.

    Those of ``reference``, ``on`` and ``off`` from ``i`` on, of ``level`` from ``k`` on; all
    float32.  A pixel fires whose level, lifted, is a threshold from its reference.
    """

    def codegen(context, builder, signature, args):
        kind = ir.VectorType(_F32, PIXELS)

        def load(array, at):
            first = _place(context, builder, signature, args, array, at)
            return builder.load(builder.bitcast(first, kind.as_pointer()), align=4)

        lifted = builder.fadd(load(0, args[1]), _splat(builder, args[6], PIXELS))
        above, up = builder.fsub(lifted, load(2, args[5])), load(3, args[5])
        down = builder.fsub(ir.Constant(kind, None), load(4, args[5]))
        is_on = builder.fcmp_ordered(">=", above, up)
        fires = builder.or_(is_on, builder.fcmp_ordered("<=", above, down))
        never = _splat(builder, ir.Constant(_F32, float("inf")), PIXELS)
        left, n = builder.select(fires, never, builder.fsub(up, above)), PIXELS
        while n > 1:
            n //= 2
            halves = (range(n), range(n, 2 * n))
            a, b = (
                builder.shuffle_vector(left, left, ir.Constant(ir.VectorType(_I32, n), list(half)))
                for half in halves
            )
            left = builder.select(builder.fcmp_ordered("<", a, b), a, b)
        least = builder.extract_element(left, _I32(0))
        word = builder.bitcast(fires, _I64)
        return context.make_tuple(builder, signature.return_type, (word, least))

    arrays = (level, types.intp, reference, on, off, types.intp, types.float32)
    return types.Tuple((types.uint64, types.float32))(*arrays), codegen


@_intrinsic
def events(_typing, place, unit, at, who, start, pace, top):
    """Set ``place[at + q]`` and ``unit[at + q]`` of 16 events.

    ``place`` (uint16) to the whole part of ``start + (q + 1) * pace``, from 0 to ``top``, and
    ``unit`` (uint32) to ``who``.
    """

    def codegen(context, builder, signature, args):
        _, _, at_, who_, start_, pace_, top_ = args
        floats = ir.VectorType(_F32, EVENTS)
        count = ir.Constant(floats, [float(k + 1) for k in range(EVENTS)])
        way = builder.fmul(count, _splat(builder, pace_, EVENTS))
        x = builder.fadd(_splat(builder, start_, EVENTS), way)
        zero, most = ir.Constant(floats, None), _splat(builder, top_, EVENTS)
        x = builder.select(builder.fcmp_ordered(">", x, zero), x, zero)
        x = builder.select(builder.fcmp_ordered("<", x, most), x, most)
        steps = builder.fptosi(x, ir.VectorType(_I32, EVENTS))
        steps = builder.trunc(steps, ir.VectorType(_I16, EVENTS))
        _store(builder, steps, _place(context, builder, signature, args, 0, at_))
        units = _splat(builder, who_, EVENTS)
        _store(builder, units, _place(context, builder, signature, args, 1, at_))
        return context.get_dummy_value()

    real = types.float32
    given = (place, unit, types.int64, types.uint32, real, real, real)
    return types.void(*given), codegen


@_intrinsic
def times(_typing, t_us, at, value):
    """Set 16 numbers (int64) from ``at`` on to a value."""

    def codegen(context, builder, signature, args):
        to = _place(context, builder, signature, args, 0, args[1])
        _store(builder, _splat(builder, args[2], TIMES), to)
        return context.get_dummy_value()

    return types.void(t_us, types.intp, types.int64), codegen
