"""What a run file says wrong that shows before a part is built: names, and numbers of units.

`names` looks at a whole run file.  `plant`, `inputs`, `population` and `source` are its rules one
by one, for whoever puts the loop together and knows what the built parts are.
"""

from collections.abc import Collection, Mapping

from neuroloop.config.runfile import Part, RunFile
from neuroloop.core.errors import ConfigError, nearest
from neuroloop.network import Network
from neuroloop.runtime import networks


def names(run: RunFile) -> Network:
    """Load the network, compare the names and sizes in the run file with it, and return it.

    Raises
    ------
    ConfigError
        Names the file, the place in it, what was wrong and what would be right.
    PartError
        Where a function that makes the network fails.
    """
    sensors = [part.name for part, _ in run.sensors]
    plant(run)
    clock(run)
    for sink in run.sinks:
        source(sink, sensors, run)
    where = f"{run.path}: [engine]"
    network = networks.of(run.wiring.network, run.folder, run.wiring.network_options, where)
    # a sensor that gives spikes feeds an input itself; which ones do shows when they are open
    wanted = {part.name for part in network.inputs if not part.values}
    fed = {name: None for name in sensors if name in wanted}
    inputs(network, {**fed, **{part.name: _units(part) for part in run.encoders}}, where)
    spiking = [part.name for part in network.spiking]
    for decoder in run.decoders:
        population(decoder, spiking, run)
    return network


def plant(run: RunFile) -> None:
    """Refuse parts that look at or move a simulated robot in a run without one, or twice one."""
    if run.plant is not None:
        movers = [part for part in run.actuators if part.kind == "plant"]
        if len(movers) > 1:
            raise ConfigError(
                f"{run.path}: {' and '.join(part.where for part in movers)} claim the one body of "
                "the [plant]; a body obeys one actuator"
            )
        return
    for part in (*(part for part, _ in run.sensors), *run.actuators):
        if part.kind.partition(".")[0] == "plant":
            raise ConfigError(
                f"{run.path}: {part.where}: works on a simulated robot, and the run file has no"
                f" [plant]; add one, or choose the {part.role} of the real robot"
            )


def clock(run: RunFile) -> None:
    """Refuse parts that live in real time in a run whose time is simulated."""
    if run.clock.kind == "wall":
        return
    for part in (*(part for part, _ in run.sensors), *run.actuators):
        if getattr(part.module, "REAL_TIME", False):
            raise ConfigError(
                f'{run.path}: {part.where}: kind "{part.kind}" lives in real time, and [clock] has'
                f' kind = "{run.clock.kind}"; set kind = "wall" there'
            )


def inputs(network: Network, fed: Mapping[str, int | None], where: str) -> None:
    """Refuse inputs that nothing feeds, feeds of another size, and feeds that reach no input.

    ``fed`` is the number of units by the name of the encoder or sensor, None where it is not known.
    """
    spiking = [part for part in network.inputs if not part.values]
    for part in spiking:
        if part.name not in fed:
            raise ConfigError(
                f'{where}: the network has an input "{part.name}" and no encoder feeds it'
                f"{nearest(part.name, fed)}"
            )
        given = fed[part.name]
        if given is not None and part.n != given:
            raise ConfigError(
                f'{where}: the network\'s input "{part.name}" has {part.n} units, '
                f"[encoder.{part.name}] gives {given}"
            )
    known = [part.name for part in spiking]
    for name in sorted(fed.keys() - set(known)):
        raise ConfigError(
            f'{where}: the network has no input "{name}" to be fed by it{nearest(name, known)}'
        )


def population(decoder: Part, spiking: Collection[str], run: RunFile) -> None:
    """Refuse a decoder of a population that the network, in which ``spiking`` fire, has not."""
    name = decoder.config.input
    if name not in spiking:
        raise ConfigError(
            f'{run.path}: {decoder.where}: `input`: the network has no population "{name}"'
            f"{nearest(name, spiking)}"
        )


def source(sink: Part, sensors: Collection[str], run: RunFile) -> None:
    """Refuse a sink that looks at a sensor that is not there."""
    name = getattr(sink.config, "source", None)
    if name is not None and name not in sensors:
        raise ConfigError(
            f'{run.path}: {sink.where}: `source`: no sensor "{name}"{nearest(name, sensors)}'
        )


def _units(encoder: Part) -> int | None:
    """Return how many units an encoder has, where its file says so from its settings alone."""
    units = getattr(encoder.module, "units", None)
    return int(units(encoder.config)) if callable(units) else None
