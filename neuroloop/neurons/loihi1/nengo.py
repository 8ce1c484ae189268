r"""Neuron of Loihi 1, bit for bit as NengoLoihi's emulator reads the chip.

.. math::
   u &\leftarrow \mathrm{wrap}_{24}(\mathrm{trunc}(u\,(4095 - du) / 4096)
        + \mathrm{wrap}_{22}(q)) \\
   v &\leftarrow \mathrm{clip}(\mathrm{trunc}(v\,(4096 - dv) / 4096)
        + \mathrm{wrap}_{24}(u + bias),\, vmin,\, vmax) \\
   s &= v > vth, \qquad v \leftarrow 0 \text{ where } s

In each tick: the input q wraps into 22 bits, the current decays, takes it and wraps into 24 bits
(two's complement); the potential decays, takes current and bias and is cut; it is 0 while the
neuron is refractory; compare, fire and reset.  ``trunc`` rounds towards 0.  Threshold and bias are
in the unit of the potential, 64 of `loihi1.cuba`'s; with the default ``vmin`` a potential never
falls below 0.  A count of ticks is set to ``refractory`` by a spike and goes down by one in each
tick, that of the spike included: so 1 adds no dead tick.

Source: NengoLoihi 1.1 (Applied Brain Research), its emulator; M. Davies and others, "Loihi: A
neuromorphic manycore processor with on-chip learning", IEEE Micro 38, 2018.
"""

from typing import Annotated

import msgspec
import numpy as np
from msgspec import Struct

from neuroloop.core.errors import ConfigError
from neuroloop.core.kernel import entry, inline, kernel
from neuroloop.core.ports import Cell, Kernel
from neuroloop.engine.counted import ACTIVE, OVERFLOWS, SATURATED
from neuroloop.neurons.loihi1._compartment import decayed
from neuroloop.neurons.loihi1._parameters import Decay, Refractory, keeps, whole_numbers
from neuroloop.neurons.loihi1._population import lay, memory, send

RECEPTORS = ("input",)
INPUT = np.int32
ARRAYS = ("bias",)
MOST = (1 << 23) - 1
MOST_THRESHOLD = 131_071 << 6
MOST_BIAS = 4095 << 7
Volt = Annotated[int, msgspec.Meta(ge=-MOST, le=MOST)]
_CURRENT, _INPUT = np.int32(8), np.int32(10)
"""bits of 32 that a current of 24 bits, and an input of 22, do not have"""


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters; all are whole numbers, and ``bias`` may be given per neuron as an array."""

    du: Decay = 0
    """decay of the current in a tick, less one, in 4096ths; 4095 leaves nothing"""
    dv: Decay = 0
    """decay of the potential in a tick, in 4096ths"""
    vth: Annotated[int, msgspec.Meta(ge=0, le=MOST_THRESHOLD)] = 640
    """threshold, in the unit of the potential"""
    bias: Annotated[int, msgspec.Meta(ge=-MOST_BIAS, le=MOST_BIAS)] = 0
    """in the unit of the potential"""
    vmin: Volt = 0
    """least potential"""
    vmax: Volt = MOST
    """largest potential"""
    refractory: Refractory = 0
    """ticks in which the potential is 0 from a spike on, the spike's own included"""


@inline
def _wrapped(x, spare):
    """Return the lowest ``32 - spare`` bits of a number as one with a sign."""
    return np.int32(np.int32(x << spare) >> spare)


@kernel
def update(u, v, wait, bias, x, fires, counted, p):
    """Advance ``int32[n]`` neurons by one tick; clears the input."""
    keep_u, keep_v = np.uint32(p[0]), np.uint32(p[1])
    threshold, hold = np.int32(p[2]), np.int32(p[3])
    least, most = np.int32(p[4]), np.int32(p[5])
    active, overflows, cut = np.int32(0), np.int32(0), np.int32(0)
    for i in range(v.shape[0]):
        current, volt, left, drive, arrived = u[i], v[i], wait[i], bias[i], x[i]
        taken = _wrapped(arrived, _INPUT)
        total = np.int32(decayed(current, keep_u) + taken)
        flows = _wrapped(total, _CURRENT)
        driven = np.int32(flows + drive)
        drives = _wrapped(driven, _CURRENT)
        moved = np.int32(decayed(volt, keep_v) + drives)
        bounded = least if moved < least else (most if moved > most else moved)
        rests = left > 0
        value = 0 if rests else bounded
        spike = value > threshold
        count = hold if spike else left
        wrapped = np.int32(taken != arrived) + np.int32(flows != total)
        active = np.int32(active + np.int32((arrived | current | volt) != 0))
        overflows = np.int32(overflows + np.int32(wrapped + np.int32(drives != driven)))
        cut = np.int32(cut + np.int32((bounded != moved) & (not rests)))
        u[i] = flows
        v[i] = 0 if spike else value
        wait[i] = np.int32(count - 1) if count > 0 else 0
        fires[i] = np.uint8(spike)
        x[i] = 0
    counted[ACTIVE] += active
    counted[OVERFLOWS] += overflows
    counted[SATURATED] += cut


@entry
def step(arena, row):
    update(*memory(arena, row))
    send(arena, row)


def build(config: Config, cell: Cell) -> Kernel:
    """Lay out the neurons.

    Raises
    ------
    ConfigError
        Where the least potential is above the largest, or the array ``bias`` does not fit.
    """
    if config.vmin > config.vmax:
        raise ConfigError(f"vmin is {config.vmin} and vmax {config.vmax}; the least comes first")
    given = cell.arrays.get("bias", np.full(cell.n, float(config.bias)))
    bias = whole_numbers(given, cell.n, "bias", -MOST_BIAS, MOST_BIAS)
    rest = (config.vth, config.refractory, config.vmin, config.vmax)
    return lay(step, cell, (*keeps(config.du, config.dv), *rest), "refractory", bias)
