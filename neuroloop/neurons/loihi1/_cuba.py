"""The current-based leaky integrate-and-fire compartment of Loihi 1: its kernel and its memory."""

from typing import Protocol

import numpy as np

from neuroloop.core.kernel import Entry, inline, kernel
from neuroloop.core.ports import Cell, Kernel
from neuroloop.engine.counted import ACTIVE, OVERFLOWS, SATURATED
from neuroloop.neurons.loihi1 import _population
from neuroloop.neurons.loihi1._compartment import ALIGN, decayed, saturated, wrapped
from neuroloop.neurons.loihi1._parameters import aligned, bias, keeps
from neuroloop.neurons.loihi1._population import memory, send


class Settings(Protocol):
    """Parameters of a compartment."""

    @property
    def du(self) -> int:
        """Decay of the current."""
        ...

    @property
    def dv(self) -> int:
        """Decay of the potential."""
        ...

    @property
    def vth(self) -> int:
        """Threshold, in 64ths of the potential's unit."""
        ...

    @property
    def bias_mant(self) -> int:
        """Mantissa of the bias."""
        ...

    @property
    def bias_exp(self) -> int:
        """Exponent of the bias."""
        ...

    @property
    def refractory(self) -> int:
        """Ticks after a spike in which the potential rests."""
        ...


@kernel
def update(u, v, wait, bias, x, fires, counted, p):
    """Advance ``int32[n]`` compartments by one tick; clears the input."""
    keep_u, keep_v = np.uint32(p[0]), np.uint32(p[1])
    threshold, hold = np.int32(p[2]), np.int32(p[3])
    active, overflows, cut = np.int32(0), np.int32(0), np.int32(0)
    for i in range(v.shape[0]):
        current, volt, left, drive, arrived = u[i], v[i], wait[i], bias[i], x[i]
        driven = np.int32(arrived << ALIGN)
        total = np.int32(decayed(current, keep_u) + driven)
        flows = wrapped(total)
        moved = np.int32(np.int32(decayed(volt, keep_v) + flows) + drive)
        bounded = saturated(moved)
        rests = left > 0
        value = volt if rests else bounded
        spike = (not rests) & (value > threshold)
        active = np.int32(active + np.int32((arrived | current | volt) != 0))
        overflows = np.int32(overflows + np.int32((flows != total) | (driven >> ALIGN != arrived)))
        cut = np.int32(cut + np.int32((bounded != moved) & (not rests)))
        u[i] = flows
        v[i] = 0 if spike else value
        wait[i] = hold if spike else (np.int32(left - 1) if rests else 0)
        fires[i] = np.uint8(spike)
        x[i] = 0
    counted[ACTIVE] += active
    counted[OVERFLOWS] += overflows
    counted[SATURATED] += cut


@inline
def advance(arena, row):
    """Run a tick of a population laid out by `lay`."""
    update(*memory(arena, row))
    send(arena, row)


def lay(config: Settings, cell: Cell, entry: Entry, more: tuple[int, ...] = ()) -> Kernel:
    """Lay out compartments; ``more`` are numbers of their kind."""
    numbers = (*keeps(config.du, config.dv), aligned(config.vth), config.refractory, *more)
    own = bias(cell, config.bias_mant, config.bias_exp)
    return _population.lay(entry, cell, numbers, "refractory", own)
