"""Spikes that say how often a neuron fired, as the list in which it stands so often.

For readers that know plain spikes alone: a decoder that counts them.
"""

from typing import Any

import numpy as np

from neuroloop.core.kernel import entry
from neuroloop.core.native import i32
from neuroloop.core.ports import Kernel
from neuroloop.engine.arena import Assembler, Field
from neuroloop.engine.op import Op, Units, Word, place, spiking
from neuroloop.engine.row import H_STATUS, IN, IN_META, OUT, OUT_META, PAYLOAD, N, header

EACH, MOST = 1024, 1 << 20
"""spikes in a tick for which there is room: of a neuron on average, and of all; further ones are
lost, and counted"""


@entry
def unroll(arena: Any, row: Any) -> None:
    """Fill the list."""
    spikes, count = i32(arena, row[IN], row[IN_META] + 1), i32(arena, row[PAYLOAD], row[N])
    listed = i32(arena, row[OUT], row[OUT_META] + 1)
    k = 0
    for s in range(spikes[0]):
        unit = spikes[s + 1]
        times = np.int64(count[unit])
        fitting = min(times, row[OUT_META] - k)
        listed[k + 1 : k + 1 + fitting] = unit
        k += fitting
        header(arena)[H_STATUS] += times - fitting
    listed[0] = k


def unrolled(to: Assembler, units: Units, counts: Field, name: str) -> tuple[Op, Units]:
    """Return the row that fills the list, to run after the neurons, and the list.

    ``counts`` is the payload of ``units``, of a kind with ``COUNTS = True``; ``name`` begins the
    names of the fields.
    """
    room = max(min(EACH * units.n, MOST), units.n)
    plain = spiking(to, name, units.n, room)
    words: dict[int, Word] = {
        N: units.n,
        IN: units.spikes,
        IN_META: units.capacity,
        PAYLOAD: counts,
        OUT: plain.spikes,
        OUT_META: plain.capacity,
    }
    return place(to, f"{name}.unroll", Kernel(unroll), words), plain
