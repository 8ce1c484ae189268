"""The memory of a population of Loihi 1, in the order in which its kernels take it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from neuroloop.core.kernel import Entry, inline
from neuroloop.core.native import i32
from neuroloop.core.ports import Cell, Kernel
from neuroloop.engine.counted import NEURON_WORDS, SENT
from neuroloop.engine.row import (
    OUT,
    N,
    fire,
    incoming_i32,
    params,
    spiking,
    state_i32,
    state_i64,
)

CURRENT, POTENTIAL, THIRD, BIAS, COUNTED = range(5)
"""places of the arrays"""


@inline
def memory(arena, row):
    """Return the arrays of `lay`, the counters behind the input and the mask, and the numbers."""
    n = row[N]
    return (
        state_i32(arena, row, CURRENT, n),
        state_i32(arena, row, POTENTIAL, n),
        state_i32(arena, row, THIRD, n),
        state_i32(arena, row, BIAS, n),
        incoming_i32(arena, row, 0),
        spiking(arena, row),
        state_i64(arena, row, COUNTED, NEURON_WORDS),
        params(arena, row),
    )


@inline
def send(arena, row):
    """Fire, and count the spikes."""
    fire(arena, row)
    state_i64(arena, row, COUNTED, NEURON_WORDS)[SENT] += i32(arena, row[OUT], 1)[0]


def lay(
    entry: Entry, cell: Cell, numbers: Sequence[int], third: str, bias: NDArray[np.int32]
) -> Kernel:
    """Lay out neurons with a current, a potential, a third number of this name, and a bias.

    ``numbers`` are below 2**24, so that they are whole as float32 too.
    """
    zeros = np.zeros(cell.n, np.int32)
    state = {"u": zeros, "v": zeros, third: zeros, "bias": bias}
    counted = np.zeros(NEURON_WORDS, np.int64)
    return Kernel(
        entry, params=numbers, state={**state, "counted": counted}, dynamic=("u", "v", third)
    )
