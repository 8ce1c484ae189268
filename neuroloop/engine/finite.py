"""Find neurons whose state is no longer a number, at the end of each tick.

One row looks at the ``dynamic`` arrays of all populations.  Of a large population it looks at a
part in each tick, part after part, so that a tick's cost has a bound; every neuron is looked at
once in `Watched.every_ticks`.  What is found either ends the run, where the header names the
population and the neuron, or is put back to its first value and counted.

The arrays are laid out whatever the policy, so that a saved state fits a network that has another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from neuroloop.core.kernel import entry, kernel
from neuroloop.core.native import f32, i32, i64
from neuroloop.core.ports import Kernel
from neuroloop.engine.arena import Assembler, Field, Section
from neuroloop.engine.op import Op, place
from neuroloop.engine.row import COUNT, H_BROKEN, H_BROKEN_UNIT, H_STEP, IN, STATE, N, header

NotANumber = Literal["stop", "clamp", "off"]
"""what happens where a neuron's state is no longer a number: the run ends, the value is put back to
its first one and counted, or nobody looks"""

NAME = "not_a_number"
AT_ONCE = 4096
"""numbers of a population that a tick looks at"""

OFFSET, LENGTH, CHUNK, CHUNKS, POPULATION, UNITS, EACH, FIRST, STEP, WATCH = range(10)
"""of an array: where it is, its length, how much of it is looked at and in how many ticks, its
population's number, the length of a row and of a neuron in it, where its first values are, 1 where
they differ, and its place among the populations that are watched"""
WORDS = 10
MAGNITUDE = np.int32(0x7FFFFFFF)
INFINITE = np.int32(0x7F800000)
"""a float32 is finite where the bits of its magnitude are below this"""


@dataclass(frozen=True)
class Watched:
    """One population that is looked at."""

    name: str
    number: int
    """counted from 1, in the network's order"""
    n: int
    arrays: tuple[Field, ...]
    every_ticks: int
    """in so many ticks every neuron is looked at once"""


@kernel
def largest(arena, table, step):
    """Return the bits of the largest magnitude among all that this tick looks at."""
    top = np.int32(0)
    for r in range(table.shape[0]):
        a = table[r]
        first = step % a[CHUNKS] * a[CHUNK]
        bits = i32(arena, a[OFFSET] + 4 * first, min(a[CHUNK], a[LENGTH] - first))
        for i in range(bits.shape[0]):
            size = np.int32(bits[i] & MAGNITUDE)
            top = size if size > top else top
    return top


@kernel
def name_first(arena, table, step):
    """Write the first population and neuron that is not a number into the header."""
    for r in range(table.shape[0]):
        a = table[r]
        first = step % a[CHUNKS] * a[CHUNK]
        x = f32(arena, a[OFFSET], a[LENGTH])
        for i in range(first, min(first + a[CHUNK], a[LENGTH])):
            if not np.isfinite(x[i]):
                head = header(arena)
                head[H_BROKEN], head[H_BROKEN_UNIT] = a[POPULATION], i // a[EACH] % a[UNITS]
                return


@kernel
def put_back(arena, table, step, clamped):
    """Put what is not a number back to its first value, and count it by population."""
    for r in range(table.shape[0]):
        a = table[r]
        start = step % a[CHUNKS] * a[CHUNK]
        x = f32(arena, a[OFFSET], a[LENGTH])
        first = f32(arena, a[FIRST], (a[LENGTH] - 1) * a[STEP] + 1)
        for i in range(start, min(start + a[CHUNK], a[LENGTH])):
            if not np.isfinite(x[i]):
                x[i] = first[i * a[STEP]]
                clamped[a[WATCH]] += 1


@entry
def stop(arena, row):
    table = i64(arena, row[IN], WORDS * row[N]).reshape(row[N], WORDS)
    head = header(arena)
    head[H_BROKEN] = 0
    if largest(arena, table, head[H_STEP]) >= INFINITE:
        name_first(arena, table, head[H_STEP])


@entry
def clamp(arena, row):
    table = i64(arena, row[IN], WORDS * row[N]).reshape(row[N], WORDS)
    step = header(arena)[H_STEP]
    if largest(arena, table, step) >= INFINITE:
        put_back(arena, table, step, i64(arena, row[STATE], row[COUNT + 1]))


def watched(name: str, number: int, n: int, dynamic: Sequence[Field]) -> list[Watched]:
    """Return a population as one to look at; nothing where its state is never a float."""
    arrays = tuple(f for f in dynamic if f.dtype == np.float32)
    if not arrays:
        return []
    chunks = max(-(-f.n_bytes // 4 // _chunk(arrays)) for f in arrays)
    return [Watched(name, number, n, arrays, chunks)]


def watch(to: Assembler, populations: Sequence[Watched], policy: NotANumber) -> list[Op]:
    """Lay out what looks at these populations; return its row, to run after all others."""
    if not populations:
        return []
    rows = [_words(to, field, p, k) for k, p in enumerate(populations) for field in p.arrays]
    table = to.table(f"{NAME}.table", rows)
    watcher = Kernel(
        clamp if policy == "clamp" else stop,
        counts=(len(populations),),
        state={"clamped": np.zeros(len(populations), np.int64)},
    )
    op = place(to, NAME, watcher, {N: len(rows), IN: table})
    return [] if policy == "off" else [op]


def _chunk(arrays: Sequence[Field]) -> int:
    """Return how much of each array a tick looks at, in whole lines."""
    return max(AT_ONCE // len(arrays) // 16 * 16, 16)


def _words(to: Assembler, field: Field, p: Watched, k: int) -> list[int | Field]:
    length, chunk = field.n_bytes // 4, _chunk(p.arrays)
    first = to.value(field).reshape(-1)
    differ = bool((first != first[0]).any())
    name = f"{field.name}.first"
    if name not in to:  # a reset may keep them already
        to.array(name, first if differ else first[:1], Section.STATIC)
    kept = to.reserved(name)
    by_neuron = len(field.shape) > 1 and field.shape[0] == p.n != field.shape[-1]
    return [
        *(field, length, chunk, -(-length // chunk), p.number, p.n),
        *(length // p.n if by_neuron else 1, kept, int(kept.n_bytes > 4), k),
    ]
