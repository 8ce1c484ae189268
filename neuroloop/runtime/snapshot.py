"""Everything a bit-identical continuation of a loop needs, copied between two ticks."""

from neuroloop.core.ports import Stateful
from neuroloop.runtime.loop import Loop

State = dict[str, bytes]


def snapshot(loop: Loop) -> State:
    """Copy the network, what waits in the rings, the plant and every part with state of its own."""
    state = {
        "network": loop.program.arena.snapshot(),
        "rings": loop.intake.snapshot(),
        "index": loop.next_index.to_bytes(8, "little"),
    }
    return state | {name: part.snapshot() for name, part in _stateful(loop).items()}


def restore(loop: Loop, state: State) -> None:
    """Go back to a snapshot of this loop."""
    loop.intake.restore(state["rings"])
    loop.program.arena.restore(state["network"])
    loop.next_index = int.from_bytes(state["index"], "little")
    for name, part in _stateful(loop).items():
        if name in state:
            part.restore(state[name])


def _stateful(loop: Loop) -> dict[str, Stateful]:
    parts: dict[str, object] = {f"sensor.{s.spec.name}": s.part for s in loop.sources}
    parts |= {f"python.{p.name}": p.part for p in loop.python_parts}
    parts["plant"] = loop.plant
    return {name: part for name, part in parts.items() if isinstance(part, Stateful)}
