"""Save the state of a loop to one file, and go on from it, to the bit, in another process.

The weights that never change are not in the file: a loop of the same network has them already.
Their checksums are, so that another network, or other weights, are refused.
"""

from datetime import UTC, datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from neuroloop.core.errors import ConfigError
from neuroloop.core.ring import drop_all
from neuroloop.core.safety import Order
from neuroloop.core.values import UInt8s
from neuroloop.engine import state_file
from neuroloop.engine.arena import Arena, Section
from neuroloop.engine.row import H_SNAPSHOT, HEADER_BYTES
from neuroloop.engine.state_file import NETWORK, FieldLine, StateHeader
from neuroloop.runtime.loop import Loop
from neuroloop.runtime.snapshot import PARTS, RINGS, alone, beside_network, restore, stateful

_NAMED = 3
"""differences that a message lists"""


def save(loop: Loop, path: Path | str, *, copy: tuple[UInt8s, int] | None = None) -> None:
    """Write everything that a bit-identical continuation needs, between two ticks.

    A file that is there is replaced in one step.  ``copy`` is of a live run: what changes in its
    network, and the tick that comes after it.  The world does not stand still meanwhile, so what
    is saved is the network alone.

    Raises
    ------
    MachineError
        Where the file cannot be written; the one that was there is still whole.
    """
    index = loop.next_index if copy is None else copy[1]
    sections: dict[str, list[bytes | memoryview]] = {}
    if copy is None:
        sections[NETWORK] = [*loop.program.arena.blocks()]
        beside = beside_network(loop)
    else:
        network = copy[0]
        network[:HEADER_BYTES].view(np.int64)[H_SNAPSHOT] = len(network)
        sections[NETWORK] = [network.data]
        beside = alone(loop, index)
    sections |= {name: [content] for name, content in beside.items()}
    state_file.write(path, _header(loop, index), sections)


def load_state(loop: Loop, path: Path | str, *, parts: bool = True) -> None:
    """Go back to what `save` wrote, in a loop of the same network.

    Parameters
    ----------
    loop
        What goes on.
    path
        The file.
    parts
        Whether plant, sensors and parts in plain Python go back too; those of a live run never do,
        and what is real begins disarmed.

    Raises
    ------
    ConfigError
        Where the file is no state file, is damaged, or belongs to another network: says what
        differs.  Nothing has changed then.
    """
    live = loop.live is not None
    check = partial(_check, loop, parts=parts and not live, where=str(path))
    header, state = state_file.read(path, check)
    if live or not parts:
        state = {name: content for name, content in state.items() if not name.startswith(PARTS)}
    try:
        restore(loop, state)
    except KeyError as error:
        raise ConfigError(f"{path}: damaged: it has no section {error}") from error
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error
    if loop.live is not None:
        # what waited in the rings is long past
        for feed in loop.intake.feeds:
            drop_all(feed.ring.address, feed.ring.capacity)
        loop.orders.give(Order.DISARM, "the saved state", loop.next_index * loop.dt_us)
        loop.live.say(
            f"goes on from tick {header.tick} of {path}, saved {_age(header.written)} ago; disarmed"
        )


def _age(written: str) -> str:
    """Say how long ago a time in UTC was."""
    seconds = (datetime.now(UTC) - datetime.fromisoformat(written)).total_seconds()
    for unit, length in (("d", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{max(seconds, 0.0):.0f} s"


def _header(loop: Loop, index: int) -> StateHeader:
    arena, network = loop.program.arena, loop.program.plan.network
    try:
        project = version("neuroloop")
    except PackageNotFoundError:
        project = "unknown"
    return StateHeader(
        project=project,
        written=datetime.now(UTC).isoformat(timespec="seconds"),
        tick=index,
        dt_us=loop.dt_us,
        seed=network.seed if network else None,
        kinds=network.kinds if network else {},
        layouts=network.notes if network else {},
        fields=_fields(arena),
        fixed=_fixed(loop),
        feeds=[feed.name for feed in loop.intake.feeds],
        sections=[],
    )


def _fields(arena: Arena) -> list[FieldLine]:
    return [
        FieldLine(name, f.section.name.lower(), f.dtype.name, f.shape, arena.offsets[name])
        for name, f in arena.fields.items()
    ]


def _fixed(loop: Loop) -> dict[str, str]:
    """Return the checksum of every array that neither changes nor learns.

    A layout may keep the one weight of all synapses among its parameters.
    """
    arena, network = loop.program.arena, loop.program.plan.network
    plastic = {
        n.rpartition(".")[0] for n, f in arena.fields.items() if f.section is Section.PLASTIC
    }
    weights = {f"{name}.params" for name in network.notes if name not in plastic} if network else ()
    return {
        name: state_file.checksum([arena[name].reshape(-1).view(np.uint8).data])
        for name, field in arena.fields.items()
        if field.section is Section.STATIC or (name in weights and field.n_bytes)
    }


def _check(loop: Loop, header: StateHeader, *, parts: bool, where: str) -> None:
    """Refuse the state of another loop before any of it is read."""
    arena = loop.program.arena
    if header.dt_us != loop.dt_us:
        raise ConfigError(
            f"{where}: saved with ticks of {header.dt_us} us; this loop has {loop.dt_us} us"
        )
    present = _header(loop, loop.next_index)
    found = _other_kinds(header, present) or _other_fields(header, present)
    if found:
        more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        raise ConfigError(f"{where}: of another network: {'; '.join(found[:_NAMED])}{more}")
    other = [name for name, value in present.fixed.items() if header.fixed.get(name) != value]
    if other:
        raise ConfigError(
            f"{where}: the network has other fixed weights: {', '.join(other[:_NAMED])} "
            f"{'differ' if len(other) > 1 else 'differs'}"
        )
    sizes = {line.name: line.n_bytes for line in header.sections}
    parts = parts and RINGS in sizes
    if header.feeds != present.feeds:
        raise ConfigError(
            f"{where}: of another loop: what comes in there is {', '.join(header.feeds)}, here "
            f"{', '.join(present.feeds)}"
        )
    there, here = {name for name in sizes if name.startswith(PARTS)}, stateful(loop).keys()
    if parts and there != here:
        alone = ", ".join(sorted(there ^ here))
        raise ConfigError(
            f"{where}: of another loop: {alone} {'is' if len(there ^ here) == 1 else 'are'} only "
            f"{'there' if there > here else 'here' if here > there else 'in one of them'}"
        )
    if sizes.get(NETWORK) != arena.end(Section.PLASTIC):
        raise ConfigError(f"{where}: damaged: its network has {sizes.get(NETWORK)} bytes")


def _other_kinds(saved: StateHeader, present: StateHeader) -> list[str]:
    """Say which populations and projections are missing or of another kind."""
    found = []
    for name in dict.fromkeys([*present.kinds, *saved.kinds]):
        there, here = saved.kinds.get(name), present.kinds.get(name)
        if there is None or here is None:
            found.append(f"{name} ({there or here}) is only {'here' if there is None else 'there'}")
        elif there != here:
            found.append(f"{name} is of kind {there} there and {here} here")
    return found


def _other_fields(saved: StateHeader, present: StateHeader) -> list[str]:
    """Say which arrays differ in name, type or shape, the first ones first."""
    there, here = ({f.name: f for f in h.fields} for h in (saved, present))
    found = []
    for name in dict.fromkeys([*here, *there]):
        if name not in there:
            found.append(f"{name} is only here{_layout(name, saved, present)}")
        elif name not in here:
            found.append(f"{name} is only there{_layout(name, saved, present)}")
        elif there[name].form != here[name].form:
            found.append(f"{name} is {there[name].form} there and {here[name].form} here")
    if not found and saved.fields != present.fields:
        found.append("its arrays lie in another order")
    return found


def _layout(name: str, saved: StateHeader, present: StateHeader) -> str:
    """Say where a projection lies in memory in another way, as machines choose on their own."""
    projection = name.rpartition(".")[0]
    there, here = saved.layouts.get(projection, ""), present.layouts.get(projection, "")
    if not there or not here or there == here:
        return ""
    return f" (layout {there.partition(':')[0]} there, {here.partition(':')[0]} here)"
