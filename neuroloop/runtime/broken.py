"""What to say where a neuron's state is no longer a number."""

import numpy as np
from numpy.typing import NDArray

from neuroloop.core.errors import PartError
from neuroloop.core.message import R_BROKEN, R_INDEX, R_T_US, RECORD_BYTES
from neuroloop.core.values import Int64s, UInt8s
from neuroloop.engine.finite import NAME
from neuroloop.engine.program import Program
from neuroloop.engine.row import H_BROKEN_UNIT

Float32Array = NDArray[np.float32]
_LOOK_AT = (
    "look at what reaches it: weights or inputs that are too large, parameters under which its "
    'state grows without bound; `not_a_number = "clamp"` of the engine puts such values back to '
    "their first ones and goes on"
)


def check(program: Program, outcome: UInt8s) -> None:
    """Look at the outcome of a tick that has ended.

    Raises
    ------
    PartError
        Where it ended with a state that is no number: names population, array, neuron and tick.
    """
    head = outcome[:RECORD_BYTES].view(np.int64)
    if head[R_BROKEN]:
        raise failure(program, head)


def failure(program: Program, head: Int64s) -> PartError:
    """Return the error of the tick whose outcome begins with the words ``head``."""
    number, index, t_us = (int(head[word]) for word in (R_BROKEN, R_INDEX, R_T_US))
    network, arena = program.plan.network, program.arena
    found = next((w for w in network.watched if w.number == number), None) if network else None
    when = f"after tick {index} ({t_us * 1e-6:g} s)"
    if found is None:
        return PartError(f"population {number}: its state is no longer a number {when}")
    unit, values = int(arena.header[H_BROKEN_UNIT]), []
    for array in found.arrays:
        row = _of(arena[array.name], unit, found.n)
        values += [f"{array.name} of neuron {unit} is {x}" for x in row[~np.isfinite(row)]]
    what = values[0] if values else f"the state of neuron {unit} is no longer a number"
    seldom = f"; every neuron is looked at once in {found.every_ticks} ticks"
    return PartError(
        f'population "{found.name}": {what} {when}{seldom if found.every_ticks > 1 else ""}; '
        f"{_LOOK_AT}"
    )


def _of(array: Float32Array, unit: int, n: int) -> Float32Array:
    """Return the numbers of one neuron, whichever way an array holds several of each."""
    rows: Float32Array = array if array.shape[0] == n else array.reshape(-1, n).T
    return np.ravel(rows[unit])


def clamped(program: Program) -> dict[str, int]:
    """Return how many values of each population were put back to their first ones."""
    network = program.plan.network
    if network is None or not network.watched:
        return {}
    counts = program.arena[f"{NAME}.clamped"].tolist()
    return {w.name: n for w, n in zip(network.watched, counts, strict=True)}
