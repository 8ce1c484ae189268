"""Neurons that pass on in each tick the whole number that arrived, as a graded spike."""

from typing import Any

import numpy as np
from msgspec import Struct

from neuroloop.core.kernel import entry
from neuroloop.core.ports import Cell, Kernel
from neuroloop.engine.row import N, fire, incoming_i32, spiking, state_i32

RECEPTORS = ("input",)
INPUT = np.int32
SIGNAL = "graded"


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """It has no settings."""


@entry
def step(arena: Any, row: Any) -> None:
    """Take the input over as the payload, and clear it."""
    payload, x = state_i32(arena, row, 0, row[N]), incoming_i32(arena, row, 0)
    fires = spiking(arena, row)
    for i in range(x.shape[0]):
        arrived = x[i]
        payload[i] = arrived
        fires[i] = np.uint8(arrived != 0)
        x[i] = 0
    fire(arena, row)


def build(config: Config, cell: Cell) -> Kernel:
    """Lay out the neurons."""
    del config
    return Kernel(step, state={"payload": np.zeros(cell.n, np.int32)}, dynamic=("payload",))
