"""Many events in one step, as `_lanes` does with pixels."""

from llvmlite import ir
from numba import types

from neuroloop.encode.change._lanes import F32, I16, I32, I64, place_of, splat, store, vectors

EVENTS, TIMES, PAIRS = 16, 16, 16
"""how many at a time"""


@vectors
def events(_typing, place, unit, at, who, start, pace, top):
    """Set ``place[at + q]`` and ``unit[at + q]`` of 16 events.

    ``place`` (uint16) to the whole part of ``start + (q + 1) * pace``, from 0 to ``top``, and
    ``unit`` (uint32) to ``who``.
    """

    def codegen(context, builder, signature, args):
        _, _, at_, who_, start_, pace_, top_ = args
        floats = ir.VectorType(F32, EVENTS)
        count = ir.Constant(floats, [float(k + 1) for k in range(EVENTS)])
        way = builder.fmul(count, splat(builder, pace_, EVENTS))
        x = builder.fadd(splat(builder, start_, EVENTS), way)
        zero, most = ir.Constant(floats, None), splat(builder, top_, EVENTS)
        x = builder.select(builder.fcmp_ordered(">", x, zero), x, zero)
        x = builder.select(builder.fcmp_ordered("<", x, most), x, most)
        steps = builder.fptosi(x, ir.VectorType(I32, EVENTS))
        steps = builder.trunc(steps, ir.VectorType(I16, EVENTS))
        store(builder, steps, place_of(context, builder, signature, args, 0, at_))
        units = splat(builder, who_, EVENTS)
        store(builder, units, place_of(context, builder, signature, args, 1, at_))
        return context.get_dummy_value()

    real = types.float32
    given = (place, unit, types.int64, types.uint32, real, real, real)
    return types.void(*given), codegen


@vectors
def points(_typing, spots, m, many, off, place, unit, n):
    """Write 16 events of noise, the points ``spots[m]`` on (uint64): a pixel and, in 32 bits, when.

    ``place[n]`` on (uint16) become their steps of time, of so ``many``, and ``unit[n]`` on (uint32)
    their pixels and ``off``.
    """

    def codegen(context, builder, signature, args):
        words, steps, who = (ir.VectorType(lane, EVENTS) for lane in (I64, I16, I32))

        def at(array, k):
            return place_of(context, builder, signature, args, array, args[k])

        spot = builder.load(builder.bitcast(at(0, 1), words.as_pointer()), align=8)
        half = splat(builder, I64(32), EVENTS)
        when = builder.and_(spot, splat(builder, I64(2**32 - 1), EVENTS))
        when = builder.mul(when, splat(builder, builder.zext(args[2], I64), EVENTS))
        store(builder, builder.trunc(builder.lshr(when, half), steps), at(4, 6))
        pixel = builder.trunc(builder.lshr(spot, half), who)
        store(builder, builder.add(pixel, splat(builder, args[3], EVENTS)), at(5, 6))
        return context.get_dummy_value()

    given = (spots, types.int64, types.uint32, types.uint32, place, unit, types.int64)
    return types.void(*given), codegen


@vectors
def times(_typing, t_us, at, value):
    """Set 16 numbers (int64) from ``at`` on to a value."""

    def codegen(context, builder, signature, args):
        to = place_of(context, builder, signature, args, 0, args[1])
        store(builder, splat(builder, args[2], TIMES), to)
        return context.get_dummy_value()

    return types.void(t_us, types.intp, types.int64), codegen


@vectors
def disordered(_typing, t_us, units, first):
    """Return which of 16 events from ``first`` on have a higher unit than the next of their stamp.

    One bit each; ``t_us`` is int64, ``units`` uint32.
    """

    def codegen(context, builder, signature, args):
        def pairs(array, lane):
            kind = ir.VectorType(lane, PAIRS).as_pointer()
            for at in (args[2], builder.add(args[2], I64(1))):
                place = place_of(context, builder, signature, args, array, at)
                yield builder.load(builder.bitcast(place, kind), align=lane.width // 8)

        same = builder.icmp_unsigned("==", *pairs(0, I64))
        higher = builder.icmp_unsigned(">", *pairs(1, I32))
        return builder.bitcast(builder.and_(same, higher), I16)

    return types.uint16(t_us, units, types.intp), codegen
