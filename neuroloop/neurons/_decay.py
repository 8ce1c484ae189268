"""Neurons that nothing reaches only decay, and catch up when they are reached.

Where v rests at 0 they do so in one step: after k ticks without input v is ``v * d**k``, within one
unit in the last place a tick of what k single steps give.  Elsewhere single steps come to a halt
some units short of the rest, so up to `STEPS` are made one by one, with the same bits, and the rest
in one: ``rest + (v - rest) * d**k``.  A refractory neuron begins to decay when it is free.

Neurons catch up by lines: those whose v is one line of memory, of which ``last`` keeps the tick
they were brought up to, and ``held`` whether some may be refractory.
"""

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

from neuroloop.core.kernel import inline, kernel
from neuroloop.engine.row import BLOCK, LINE

_VECTOR = ir.VectorType(ir.FloatType(), LINE)

NOW = np.int64(1 << 62)
"""the last tick of a line that has nothing to catch up with"""
STEPS = 4096
"""ticks that are made one by one where v does not rest at 0"""
POWERS = 1024
"""of the decay, kept in a table"""


@inline
def after(power, ticks):
    """Return what is left of 1 after so many ticks."""
    return power[ticks] if ticks < POWERS else np.float32(float(power[1]) ** ticks)


@kernel
def tabulate(power, decay):
    """Fill ``power[k]`` with what is left of 1 after k ticks."""
    left = 1.0
    for k in range(power.shape[0]):
        power[k] = left
        left *= np.float64(decay)


@kernel
def reached(x):
    """Return a bit for each line of a block that has input."""
    lines = np.uint64(0)
    for line in range(BLOCK // LINE):
        for i in range(LINE * line, LINE * line + LINE):
            lines |= np.uint64(x[i] != np.float32(0)) << np.uint64(line)
    return lines


def _line(context, builder, signature, args, k):
    """Return the place of the line that begins at element ``args[k + 1]`` of array ``args[k]``."""
    data = make_array(signature.args[k])(context, builder, args[k]).data
    return builder.bitcast(builder.gep(data, [args[k + 1]]), _VECTOR.as_pointer())


def _spread(builder, number):
    """Return a line of the same number."""
    line = ir.Constant(_VECTOR, ir.Undefined)
    for k in range(LINE):
        line = builder.insert_element(line, number, ir.IntType(32)(k))
    return line


@intrinsic
def steps(_typing, v, i, ticks, decay, rest):
    """Let ``v[i : i + LINE]`` decay tick by tick, at most until nothing changes any more."""

    def codegen(context, builder, signature, args):
        place = _line(context, builder, signature, args, 0)
        decay_, rest_ = (_spread(builder, number) for number in args[3:])
        first, before = builder.load(place, align=4), builder.block
        loop = builder.append_basic_block("loop")
        end = builder.append_basic_block("end")
        builder.branch(loop)
        builder.position_at_end(loop)
        value, todo = builder.phi(_VECTOR), builder.phi(args[2].type)
        after_ = builder.fadd(rest_, builder.fmul(builder.fsub(value, rest_), decay_))
        left = builder.sub(todo, todo.type(1))
        value.add_incoming(first, before)
        value.add_incoming(after_, loop)
        todo.add_incoming(args[2], before)
        todo.add_incoming(left, loop)
        moved = builder.bitcast(builder.fcmp_unordered("!=", value, after_), ir.IntType(LINE))
        more = builder.and_(
            builder.icmp_signed(">", left, left.type(0)),
            builder.icmp_unsigned("!=", moved, moved.type(0)),
        )
        builder.cbranch(more, loop, end)
        builder.position_at_end(end)
        builder.store(after_, place, align=4)
        return context.get_dummy_value()

    return types.void(v, types.intp, types.int64, types.float32, types.float32), codegen


@inline
def walk(v, first, ticks, decay, rest):
    """Make what is made tick by tick of a line's ticks; returns how many are left."""
    if rest == np.float32(0) or ticks <= 0:
        return ticks
    steps(v, first, np.int64(min(ticks, STEPS)), decay, rest)
    return max(ticks - STEPS, 0)


@inline
def faded(v, ticks, power, rest):
    """Return v of one neuron after so many ticks without input."""
    if rest == np.float32(0):
        return v * after(power, ticks)
    for _ in range(min(ticks, STEPS)):
        before = v
        v = rest + (v - rest) * power[1]
        if v == before:
            break
    return rest + (v - rest) * after(power, ticks - STEPS) if ticks > STEPS else v


@intrinsic
def reach(_typing, v, i, x, j, left, rest, threshold):
    """Advance ``v[i : i + LINE]``, where nobody is refractory, by the input ``x[j : j + LINE]``.

    v becomes ``rest + (v - rest) * left + x``, and x 0; returns a bit for each that is above
    threshold.  Numba makes no vectors out of a loop over so few neurons.
    """

    def codegen(context, builder, signature, args):
        left_, rest_, threshold_ = (_spread(builder, number) for number in args[4:])
        v_, x_ = (_line(context, builder, signature, args, k) for k in (0, 2))
        away = builder.fsub(builder.load(v_, align=4), rest_)
        value = builder.fadd(rest_, builder.fmul(away, left_))
        value = builder.fadd(value, builder.load(x_, align=4))
        builder.store(value, v_, align=4)
        builder.store(_VECTOR(None), x_, align=4)
        above = builder.fcmp_ordered(">=", value, threshold_)
        return builder.zext(builder.bitcast(above, ir.IntType(LINE)), ir.IntType(64))

    numbers = (types.float32,) * 3
    return types.uint64(v, types.intp, x, types.intp, *numbers), codegen


@kernel
def reach_held(v, refractory, x, gap, power, rest, threshold):
    """Do the same for any number of neurons, ``gap`` ticks later, where some may be refractory."""
    zero, above = np.float32(0), np.uint64(0)
    for i in range(v.shape[0]):
        ticks = np.int64(max(gap - refractory[i], zero))
        refractory[i] = max(refractory[i] - gap, zero)
        if ticks > 0:
            before = faded(v[i], ticks - 1, power, rest)
            v[i] = rest + (before - rest) * power[1] + x[i]
            above |= np.uint64(v[i] >= threshold) << np.uint64(i)
        x[i] = zero
    return above


@kernel
def drift(v, left, rest):
    """Let neurons decay until ``left`` of their distance from rest is left."""
    for i in range(v.shape[0]):
        v[i] = rest + (v[i] - rest) * left


@kernel
def catch_up(lines, v, refractory, held, last, until, nothing, power, rest, threshold):
    """Let the neurons of lines, from one up to another, decay up to the end of tick ``until``.

    ``nothing`` is ``float32[LINE]`` of zeros, their input.
    """
    line, stop, whole = lines[0], min(lines[1], (v.shape[0] + LINE - 1) // LINE), v.shape[0] // LINE
    while line < stop:
        begin, gap = line, until - last[line]
        gap_left = gap
        line += 1
        if gap <= 0:
            continue
        last[begin] = until
        if held[begin] or begin >= whole:
            first, end = LINE * begin, min(LINE * line, v.shape[0])
            waiting, x = refractory[first:end], nothing[: end - first]
            reach_held(v[first:end], waiting, x, np.float32(gap), power, rest, threshold)
            continue
        while line < min(stop, whole) and not held[line] and until - last[line] == gap:
            last[line] = until
            line += 1
        for k in range(begin, line):
            gap_left = walk(v, LINE * k, gap, power[1], rest)
        if gap_left:
            drift(v[LINE * begin : LINE * line], after(power, gap_left), rest)
