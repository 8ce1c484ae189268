"""Change the parameters of a running network: through the record, as everything that changes it."""

from collections.abc import Mapping

from neuroloop.core.errors import ConfigError
from neuroloop.engine.parameters import plain
from neuroloop.network.graph import Number
from neuroloop.runtime.loop import Loop


def edit(loop: Loop, name: str, value: object) -> None:
    """Set a field of the network (``population.array``) from the next tick on."""
    patch = loop.program.arena.patch(name, value)
    loop.edits.edits({name: patch}, loop.next_index * loop.dt_us)


def edit_parameters(loop: Loop, name: str, given: Mapping[str, Number]) -> None:
    """Give parameters of the population ``name`` other values from the next tick on.

    Raises
    ------
    ConfigError
        Where there is no such population or parameter, where a value is out of its bounds, and
        where too much waits for the next tick already; nothing has changed then.
    """
    network, arena = loop.program.plan.network, loop.program.arena
    if network is None:
        raise ConfigError("there is no network whose parameters could be changed")
    parameters, wanted = network.present[name], plain(given)
    changed = parameters.changes(wanted)
    patches = {field: arena.patch(field, value) for field, value in changed.items()}
    loop.edits.edits(patches, loop.next_index * loop.dt_us)
    parameters.present = {**parameters.present, **wanted}
