"""Many pixels in one step: what compiled loops do not turn into wide instructions alone.

LLVM makes of each what the processor has, from 128 to 512 bits wide; the results are the same.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.extending import intrinsic
from numba.np.arrayobj import make_array

vectors: Any = intrinsic
PIXELS, SHARING, GROUPS = 64, 16, 16
"""how many at a time; `SHARING` pixels are a group, which shares a fuse"""

F32, I8, I16, I32, I64 = ir.FloatType(), *(ir.IntType(n) for n in (8, 16, 32, 64))

_EIGHT = ir.VectorType(I8, 8)
_PLACES = ir.Constant(
    ir.ArrayType(_EIGHT, 256),
    [
        ir.Constant(_EIGHT, ([k for k in range(8) if bits >> k & 1] + 8 * [0])[:8])
        for bits in range(256)
    ],
)


def place_of(context: Any, builder: Any, signature: Any, args: Any, array: int, at: Any) -> Any:
    """Return where an element of an argument that is an array lies."""
    data = make_array(signature.args[array])(context, builder, args[array]).data
    return builder.gep(data, [at])


def splat(builder: Any, value: Any, n: int) -> Any:
    """Return a vector of ``n`` times the same."""
    kind = ir.VectorType(value.type, n)
    one = builder.insert_element(ir.Constant(kind, ir.Undefined), value, I32(0))
    return builder.shuffle_vector(one, one, ir.Constant(ir.VectorType(I32, n), None))


def store(builder: Any, vector: Any, place: Any) -> None:
    builder.store(vector, builder.bitcast(place, vector.type.as_pointer()), align=1)


@vectors
def outside(_typing, grey, low, high, i):
    """Return which of 64 pixels (uint8) from ``i`` on are outside of their bounds, one bit each."""

    def codegen(context, builder, signature, args):
        kind = ir.VectorType(I8, PIXELS)

        def load(array):
            first = place_of(context, builder, signature, args, array, args[3])
            return builder.load(builder.bitcast(first, kind.as_pointer()), align=1)

        value = load(0)
        below = builder.icmp_unsigned("<", value, load(1))
        above = builder.icmp_unsigned(">", value, load(2))
        return builder.bitcast(builder.or_(below, above), I64)

    return types.uint64(grey, low, high, types.intp), codegen


@vectors
def stirred(_typing, old, grey, settled, fuse, b, lift):
    """Return which of `GROUPS` groups from group ``b`` on move, and which are to be looked at.

    One bit each.  A group moves where a grey (uint8) is not what it was or it has not ``settled``
    (uint8), and is looked at where it moves or its ``fuse`` (float32) has burnt.
    """

    def codegen(context, builder, signature, args):
        def load(array, at, kind, align):
            first = place_of(context, builder, signature, args, array, at)
            return builder.load(builder.bitcast(first, kind.as_pointer()), align=align)

        pixels = builder.mul(args[4], I64(SHARING))
        # the greys of a group are two words
        words, places = ir.VectorType(I64, 2 * GROUPS), ir.VectorType(I32, GROUPS)
        new = builder.xor(load(0, pixels, words, 1), load(1, pixels, words, 1))
        low, high = (
            builder.shuffle_vector(new, new, ir.Constant(places, list(range(first, 2 * GROUPS, 2))))
            for first in (0, 1)
        )
        none = ir.Constant(ir.VectorType(I64, GROUPS), None)
        changed = builder.icmp_unsigned("!=", builder.or_(low, high), none)
        rests = load(2, args[4], ir.VectorType(I8, GROUPS), 1)
        away = builder.icmp_unsigned("==", rests, ir.Constant(rests.type, None))
        ends = load(3, args[4], ir.VectorType(F32, GROUPS), 4)
        burnt = builder.fcmp_ordered(">=", splat(builder, args[5], GROUPS), ends)
        moves = builder.or_(changed, away)
        both = [
            builder.zext(builder.bitcast(mask, ir.IntType(GROUPS)), I64)
            for mask in (moves, builder.or_(moves, burnt))
        ]
        return context.make_tuple(builder, signature.return_type, both)

    given = (old, grey, settled, fuse, types.intp, types.float32)
    return types.UniTuple(types.uint64, 2)(*given), codegen


@vectors
def beyond(_typing, level, reference, on, off, i, lift):
    """Return which of `SHARING` pixels fire, one bit each, and how far from ON the others are.

    The pixels are those from ``i`` on, all arrays are float32, and the distance is the least.  A
    pixel fires whose level, lifted, is a threshold from its reference.
    """

    def codegen(context, builder, signature, args):
        kind = ir.VectorType(F32, SHARING)

        def load(array):
            first = place_of(context, builder, signature, args, array, args[4])
            return builder.load(builder.bitcast(first, kind.as_pointer()), align=4)

        lifted = builder.fadd(load(0), splat(builder, args[5], SHARING))
        above, up = builder.fsub(lifted, load(1)), load(2)
        down = builder.fsub(ir.Constant(kind, None), load(3))
        is_on = builder.fcmp_ordered(">=", above, up)
        fires = builder.or_(is_on, builder.fcmp_ordered("<=", above, down))
        never = splat(builder, ir.Constant(F32, float("inf")), SHARING)
        left, n = builder.select(fires, never, builder.fsub(up, above)), SHARING
        while n > 1:
            n //= 2
            halves = (range(n), range(n, 2 * n))
            a, b = (
                builder.shuffle_vector(left, left, ir.Constant(ir.VectorType(I32, n), list(half)))
                for half in halves
            )
            left = builder.select(builder.fcmp_ordered("<", a, b), a, b)
        least = builder.extract_element(left, I32(0))
        word = builder.zext(builder.bitcast(fires, ir.IntType(SHARING)), I64)
        return context.make_tuple(builder, signature.return_type, (word, least))

    arrays = (level, reference, on, off, types.intp, types.float32)
    return types.Tuple((types.uint64, types.float32))(*arrays), codegen


@vectors
def approach(_typing, level, i, goals, k):
    """Move `SHARING` numbers from ``level[i]`` on, each by a part of the way to its goal.

    ``goals[k]`` on (uint64) hold a goal and a part each, two float32.  Returns which did not
    arrive, one bit each.
    """

    def codegen(context, builder, signature, args):
        kind, pairs = ir.VectorType(F32, SHARING), ir.VectorType(F32, 2 * SHARING)
        at = place_of(context, builder, signature, args, 0, args[1])
        at = builder.bitcast(at, kind.as_pointer())
        both = place_of(context, builder, signature, args, 2, args[3])
        both = builder.load(builder.bitcast(both, pairs.as_pointer()), align=8)
        places = ir.VectorType(I32, SHARING)
        to, part = (
            builder.shuffle_vector(
                both, both, ir.Constant(places, list(range(first, 2 * SHARING, 2)))
            )
            for first in (0, 1)
        )
        was = builder.load(at, align=4)
        now = builder.fadd(was, builder.fmul(part, builder.fsub(to, was)))
        builder.store(now, at, align=4)
        away = builder.bitcast(builder.fcmp_unordered("!=", now, to), ir.IntType(SHARING))
        return builder.zext(away, I64)

    return types.uint64(level, types.intp, goals, types.intp), codegen


@vectors
def keep(_typing, level, i, previous, p):
    """Set `SHARING` numbers (float32) from ``previous[p]`` on to those from ``level[i]`` on."""

    def codegen(context, builder, signature, args):
        kind = ir.VectorType(F32, SHARING).as_pointer()
        at = place_of(context, builder, signature, args, 0, args[1])
        now = builder.load(builder.bitcast(at, kind), align=4)
        store(builder, now, place_of(context, builder, signature, args, 2, args[3]))
        return context.get_dummy_value()

    return types.void(level, types.intp, previous, types.intp), codegen


@vectors
def fetch(_typing, array, i):
    """Begin to bring the line of memory in which ``array[i]`` lies near."""

    def codegen(context, builder, signature, args):
        place = place_of(context, builder, signature, args, 0, args[1])
        place = builder.bitcast(place, I8.as_pointer())
        kind = ir.FunctionType(ir.VoidType(), [place.type, I32, I32, I32])
        prefetch = builder.module.declare_intrinsic("llvm.prefetch", [place.type], kind)
        builder.call(prefetch, [place, I32(0), I32(3), I32(1)])
        return context.get_dummy_value()

    return types.void(array, types.intp), codegen


@vectors
def append(_typing, listed, n, first, bits):
    """Set ``listed[n]`` (uint32) on to ``first`` and the place of each bit that is set, of eight.

    What else is written, up to eight places, is meant to be written over.  Nothing branches on the
    bits, which cannot be foreseen.
    """

    def codegen(context, builder, signature, args):
        table = cgutils.global_constant(builder, "places_of_bits", _PLACES)
        entry = builder.gep(table, [I64(0), builder.zext(args[3], I64)])
        places = builder.zext(builder.load(entry), ir.VectorType(I32, 8))
        who = builder.add(places, splat(builder, args[2], 8))
        store(builder, who, place_of(context, builder, signature, args, 0, args[1]))
        return context.get_dummy_value()

    return types.void(listed, types.intp, types.uint32, types.uint8), codegen


@vectors
def ones(_typing, bits):
    """Return how many bits of a byte are set."""

    def codegen(_context, builder, _signature, args):
        return builder.zext(builder.ctpop(args[0]), I64)

    return types.int64(types.uint8), codegen
