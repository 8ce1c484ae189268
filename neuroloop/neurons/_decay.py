"""Neurons that nothing reaches only decay, and catch up in one step when they are reached.

After k ticks without input v is ``rest + (v - rest) * d**k``, within one unit in the last place a
tick of what k single steps give; a refractory neuron begins to decay when it is free.  Neurons
catch up by lines: those whose v is one line of memory, of which ``last`` keeps the tick they were
brought up to, and ``held`` whether some may be refractory.
"""

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

from neuroloop.core.kernel import inline, kernel
from neuroloop.engine.row import BLOCK, LINE

NOW = np.int64(1 << 62)
"""the last tick of a line that has nothing to catch up with"""
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


@intrinsic
def reach(_typing, v, i, x, j, left, rest, threshold):
    """Advance ``v[i : i + LINE]``, where nobody is refractory, by the input ``x[j : j + LINE]``.

    v becomes ``rest + (v - rest) * left + x``, and x 0; returns a bit for each that is above
    threshold.  Numba makes no vectors out of a loop over so few neurons.
    """

    def codegen(context, builder, signature, args):
        vector = ir.VectorType(ir.FloatType(), LINE)

        def place(k):
            data = make_array(signature.args[k])(context, builder, args[k]).data
            return builder.bitcast(builder.gep(data, [args[k + 1]]), vector.as_pointer())

        def spread(number):
            all_ = ir.Constant(vector, ir.Undefined)
            for k in range(LINE):
                all_ = builder.insert_element(all_, number, ir.IntType(32)(k))
            return all_

        left_, rest_, threshold_ = (spread(number) for number in args[4:])
        away = builder.fsub(builder.load(place(0), align=4), rest_)
        value = builder.fadd(rest_, builder.fmul(away, left_))
        value = builder.fadd(value, builder.load(place(2), align=4))
        builder.store(value, place(0), align=4)
        builder.store(vector(None), place(2), align=4)
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
            v[i] = rest + (v[i] - rest) * after(power, ticks) + x[i]
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
        drift(v[LINE * begin : LINE * line], after(power, gap), rest)
