"""A neuron that never fires and does harm at its first spike: it spins, or stops being a number."""

from typing import Any, Literal

import numpy as np
from msgspec import Struct

from neuroloop.core.body import Positive
from neuroloop.core.kernel import entry, kernel
from neuroloop.core.native import now_ns
from neuroloop.core.ports import Cell, Kernel
from neuroloop.core.values import Float32s, UInt8s
from neuroloop.engine.row import N, fire, incoming, params, spiking, state_f32

RECEPTORS = ("input",)


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters."""

    what: Literal["spin", "nan"]
    spin_ms: Positive = 400.0


@kernel
def burn(v: Float32s, burnt: Float32s, x: Float32s, fires: UInt8s, p: Float32s) -> None:
    """Burn each of ``float32[n]`` fuses once, where it has input; clears the input."""
    for i in range(v.shape[0]):
        if x[i] > 0 and burnt[i] == 0:
            burnt[i] = 1
            if p[0] > 0:
                end = now_ns() + np.int64(p[0] * 1e6)
                while now_ns() < end:
                    pass
            else:
                v[i] = np.nan
        x[i] = 0
        fires[i] = 0


@entry
def step(arena: Any, row: Any) -> None:
    """Reach the memory of `burn` and call it."""
    n = row[N]
    v, burnt = state_f32(arena, row, 0, n), state_f32(arena, row, 1, n)
    burn(v, burnt, incoming(arena, row, 0), spiking(arena, row), params(arena, row))
    fire(arena, row)


def build(config: Config, cell: Cell) -> Kernel:
    """Lay out the fuses."""
    return Kernel(
        step,
        params=(config.spin_ms if config.what == "spin" else 0.0,),
        state={"v": np.zeros(cell.n, np.float32), "burnt": np.zeros(cell.n, np.float32)},
        dynamic=("v",),
    )
