"""Everything a bit-identical continuation of a loop needs, copied between two ticks."""

from neuroloop.core.errors import ConfigError
from neuroloop.core.message import RECORD_BYTES
from neuroloop.core.ports import Stateful
from neuroloop.engine.row import H_BROKEN
from neuroloop.runtime.loop import Loop

State = dict[str, bytes]

RINGS = "rings"
PARTS = ("sensor.", "encoder.", "python.", "plant")
"""how the names begin of what is neither the network nor on its way into it"""


def snapshot(loop: Loop) -> State:
    """Copy the network, what waits in the rings, the plant and every part with state of its own."""
    return {"network": loop.program.arena.snapshot()} | beside_network(loop)


def beside_network(loop: Loop) -> State:
    """Copy all but the network's memory."""
    state = {RINGS: loop.intake.snapshot()} | alone(loop, loop.next_index)
    return state | {name: part.snapshot() for name, part in stateful(loop).items()}


def alone(loop: Loop, index: int) -> State:
    """Copy what belongs to the network and is not in its memory; ``index`` is of the next tick."""
    state = {"index": index.to_bytes(8, "little")}
    if loop.program.plan.network is not None:
        state["parameters"] = loop.program.plan.network.present.snapshot()
    return state


def restore(loop: Loop, state: State) -> None:
    """Go back to a snapshot of this loop, or of one of the same network.

    Raises
    ------
    ConfigError
        Where it is damaged or of another loop; network and rings are as before then.
    """
    network, before = loop.program.plan.network, loop.intake.snapshot()
    for name, part in stateful(loop).items():
        if name in state:
            part.restore(state[name])
    parameters = network.present.read(state["parameters"]) if network else {}
    if RINGS in state:
        loop.intake.restore(state[RINGS])
    try:
        loop.program.arena.restore(state["network"])
    except ConfigError:
        loop.intake.restore(before)
        raise
    if network is not None:
        network.present.set(parameters)
    loop.next_index = int.from_bytes(state["index"], "little")
    # what is no number is found again by the next tick, where anybody looks
    loop.program.arena.header[H_BROKEN] = 0
    loop.moved = loop.outcome
    loop.outcome[:RECORD_BYTES] = 0


def stateful(loop: Loop) -> dict[str, Stateful]:
    """Return the parts with state of their own, by the names their states have."""
    parts: dict[str, object] = {f"sensor.{s.spec.name}": s.part for s in loop.sources}
    parts |= {f"encoder.{t.name}": t.part for s in loop.sources for t in s.transducing}
    parts |= {f"python.{p.name}": p.part for p in loop.python_parts}
    parts["plant"] = loop.plant
    return {name: part for name, part in parts.items() if isinstance(part, Stateful)}
