r"""Neuron of Loihi 1 that fires +1 above one threshold and -1 below another.

.. math:: s = [v > 64\, vth\_hi] - [v < 64\, vth\_lo], \qquad v \leftarrow 0 \text{ where } s \ne 0

Current and potential are those of `loihi1.cuba`.  Its spikes are graded: they carry +1 or -1.

Source: arithmetic of Lava's fixed-point TernaryLIF (lava-nc 0.10).
"""

from typing import Annotated

import msgspec
import numpy as np
from msgspec import Struct

from neuroloop.core.errors import ConfigError
from neuroloop.core.kernel import entry, kernel
from neuroloop.core.ports import Cell, Kernel
from neuroloop.engine.counted import ACTIVE, OVERFLOWS, SATURATED
from neuroloop.neurons.loihi1._compartment import ALIGN, decayed, saturated, wrapped
from neuroloop.neurons.loihi1._parameters import Decay, Exponent, Mantissa, aligned, bias, keeps
from neuroloop.neurons.loihi1._population import lay, memory, send

RECEPTORS = ("input",)
INPUT = np.int32
SIGNAL = "graded"
ARRAYS = ("bias_mant",)
Threshold = Annotated[int, msgspec.Meta(ge=-131_071, le=131_071)]


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters; all are whole numbers, and ``bias_mant`` may be given per neuron as an array."""

    du: Decay = 0
    """decay of the current in a tick, less one, in 4096ths; 4095 leaves nothing"""
    dv: Decay = 0
    """decay of the potential in a tick, in 4096ths"""
    vth_hi: Threshold = 10
    """upper threshold, in units of the input: 64 of the potential's"""
    vth_lo: Threshold = -10
    """lower threshold"""
    bias_mant: Mantissa = 0
    bias_exp: Exponent = 0


@kernel
def update(u, v, payload, bias, x, fires, counted, p):
    """Advance ``int32[n]`` neurons by one tick; clears the input."""
    keep_u, keep_v = np.uint32(p[0]), np.uint32(p[1])
    high, low = np.int32(p[2]), np.int32(p[3])
    active, overflows, cut = np.int32(0), np.int32(0), np.int32(0)
    for i in range(v.shape[0]):
        current, volt, drive, arrived = u[i], v[i], bias[i], x[i]
        driven = np.int32(arrived << ALIGN)
        total = np.int32(decayed(current, keep_u) + driven)
        flows = wrapped(total)
        moved = np.int32(np.int32(decayed(volt, keep_v) + flows) + drive)
        value = saturated(moved)
        sign = np.int32(np.int32(value > high) - np.int32(value < low))
        active = np.int32(active + np.int32((arrived | current | volt) != 0))
        overflows = np.int32(overflows + np.int32((flows != total) | (driven >> ALIGN != arrived)))
        cut = np.int32(cut + np.int32(value != moved))
        u[i] = flows
        v[i] = value if sign == 0 else 0
        payload[i] = sign
        fires[i] = np.uint8(sign != 0)
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
        Where the lower threshold is above the upper one.
    """
    if config.vth_lo > config.vth_hi:
        raise ConfigError(
            f"vth_lo is {config.vth_lo} and vth_hi {config.vth_hi}; the lower threshold is not"
            " above the upper one"
        )
    thresholds = (aligned(config.vth_hi), aligned(config.vth_lo))
    numbers = (*keeps(config.du, config.dv), *thresholds)
    return lay(step, cell, numbers, "payload", bias(cell, config.bias_mant, config.bias_exp))
