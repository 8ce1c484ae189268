"""A network on its own, off line: the same program and the same compiled tick as in a robot.

```python
import numpy as np
from neuroloop import Input, Network, Population, Projection, simulate
from neuroloop.network import one_to_one

network = Network(
    inputs=(Input("touch", 3),),
    populations=(Population("motor", 3, "lif", {"tau_m_ms": 20.0}),),
    projections=(Projection("touch", "motor", one_to_one(3, weight=1.2), delay_ms=2.0),),
)
result = simulate(
    network, seconds=0.1, inputs={"touch": ([10.0, 20.0], [0, 2])}, watch=["motor"]
)
result.spikes["motor"].t_us  # array([12000, 22000])
```
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroloop.config import resolve
from neuroloop.core.errors import ConfigError, MachineError, nearest
from neuroloop.core.message import (
    EVENT,
    EVENT_BYTES,
    R_BYTES,
    R_ENGINE_NS,
    R_INTAKE_NS,
    R_SPIKES_IN,
    R_SPIKES_OUT,
    R_SYNOPS,
    Kind,
    Message,
    messages,
    pack,
)
from neuroloop.core.ports import Site
from neuroloop.core.values import Int64s, Spikes, UInt8s
from neuroloop.engine.arena import Arena, Assembler
from neuroloop.engine.lower import Lowering
from neuroloop.engine.op import spiking
from neuroloop.engine.program import Plan, Program
from neuroloop.network.graph import Network
from neuroloop.runtime.feed import Feed, Intake
from neuroloop.runtime.loop import Loop
from neuroloop.runtime.snapshot import restore, snapshot

Events = Spikes | tuple[ArrayLike, ArrayLike]
"""spikes of one input: `Spikes`, or (times in milliseconds, units)"""

Progress = Callable[[int, int], None]
"""called now and then with the ticks done and the ticks there are"""


@dataclass(frozen=True)
class TickTimes:
    """What the ticks of a run cost, from the input's ring to the spikes that left."""

    median_us: float
    p99_us: float
    longest_us: float
    total_s: float


@dataclass(frozen=True, eq=False)
class Result:
    """What `simulate` found."""

    ticks: int
    dt_us: int
    spikes: Mapping[str, Spikes]
    """of each watched population; a spike's time is the start of its tick"""
    probes: Mapping[str, NDArray[Any]]
    """each probed array after every tick, ``[ticks, n]``"""
    sizes: Mapping[str, int]
    """number of units of each watched population"""
    tick_times: TickTimes
    synaptic_operations: int
    total_spikes: int
    """of all populations, watched or not"""

    @property
    def seconds(self) -> float:
        """Simulated time."""
        return self.ticks * self.dt_us * 1e-6

    def counts(self, name: str) -> Int64s:
        """Return how often each unit of a watched population fired, ``int64[n]``."""
        if name not in self.spikes:
            raise ConfigError(f'"{name}" was not watched{nearest(name, self.spikes)}')
        return np.bincount(self.spikes[name].unit, minlength=self.sizes[name])

    def rates_hz(self, name: str) -> NDArray[np.float64]:
        """Return the mean rate of each unit of a watched population, ``float64[n]``."""
        return self.counts(name) / self.seconds


class Simulator:
    """A network that is stepped by hand, tick by tick.

    Parameters
    ----------
    network
        What to run.
    dt_us
        Length of a tick in microseconds.
    seed
        Where the network's chance comes from; the same seed gives the same run, to the bit.
    watch
        Inputs and populations whose spikes `step` returns.
    backend
        A file in ``neuroloop/engine/backends``.
    room
        Most spikes in a tick of an input, where it is more than one a unit.
    folder
        Where paths of kinds (``./my_neuron.py``) start.

    Examples
    --------
    >>> from neuroloop import Input, Network, Population, Projection, Simulator
    >>> from neuroloop.network import one_to_one
    >>> link = Projection("touch", "motor", one_to_one(3, weight=1.5))
    >>> network = Network((Input("touch", 3),), (Population("motor", 3),), (link,))
    >>> simulator = Simulator(network, watch=["motor"])
    >>> simulator.step({"touch": [2]})["motor"]
    array([2], dtype=uint32)
    >>> simulator.edit("motor.silent", [0, 0, 1])
    >>> simulator.step({"touch": [0, 2]})["motor"]
    array([0], dtype=uint32)
    """

    def __init__(  # noqa: PLR0913
        self,
        network: Network,
        *,
        dt_us: int = 1000,
        seed: int = 0,
        watch: Sequence[str] = (),
        backend: str = "float",
        room: Mapping[str, int] | None = None,
        folder: Path = Path(),
    ) -> None:
        if dt_us < 1 or dt_us != int(dt_us):
            raise ConfigError(f"dt_us is {dt_us}; a tick has a whole number of microseconds")
        where = f'engine "{backend}"'
        module = resolve.module("engine", backend, folder, where)
        library = module.build(module.Config(), Site("engine", seed, int(dt_us), folder))
        to = Assembler()
        room = room or {}
        self._inputs = {
            i.name: spiking(to, i.name, i.n, room.get(i.name, 0)) for i in network.inputs
        }
        ops, units = Lowering(to, library, int(dt_us), seed).network(network, self._inputs)
        for name in watch:
            network.size(name)
        self._watch = tuple(dict.fromkeys(watch))
        ports = list(self._inputs.values())
        program = Program(Plan(ops, ports, [units[name] for name in self._watch]), to)
        self._feeds = {
            port.name: Feed(port.name, k, EVENT_BYTES * port.capacity, messages=4)
            for k, port in enumerate(ports)
        }
        largest = max((f.n_bytes for f in program.arena.fields.values()), default=0)
        edits = Feed("edits", 0, 8 + largest, messages=4)
        intake = Intake([*self._feeds.values(), edits])
        self._loop = Loop(dt_us=int(dt_us), program=program, intake=intake, edits=edits)

    @property
    def arena(self) -> Arena:
        """The network's memory: ``arena["pop.v"]`` is a view; change it through `edit`."""
        return self._loop.program.arena

    @property
    def dt_us(self) -> int:
        """Length of a tick."""
        return self._loop.dt_us

    @property
    def index(self) -> int:
        """Index of the tick that `step` runs next."""
        return self._loop.next_index

    @property
    def record(self) -> UInt8s:
        """What entered the last tick; `core.message` reads it."""
        return self._loop.intake.record

    @property
    def outcome(self) -> UInt8s:
        """What left the last tick."""
        return self._loop.outcome

    def step(self, inputs: Mapping[str, ArrayLike] | None = None) -> dict[str, NDArray[np.uint32]]:
        """Run one tick in which these units of the inputs spike; return who fired.

        Parameters
        ----------
        inputs
            Units of each input, in any order; a unit that stands twice spikes twice.

        Returns
        -------
        dict
            The units of each watched population that fired, ``uint32[k]``.
        """
        for name, units in (inputs or {}).items():
            unit = np.sort(np.atleast_1d(np.asarray(units)))
            events = np.empty(len(unit), EVENT)
            _check_units(name, unit)
            events["t_us"], events["unit"], events["value"] = self.index * self.dt_us, unit, 1
            self._check(name, unit, len(unit))
            self._send(name, events)
        self._loop.step()
        return {
            self._watch[message.port]: message.events()["unit"].copy()
            for message in messages(self._loop.outcome)
        }

    def _check(self, name: str, unit: NDArray[Any], in_a_tick: int) -> None:
        if name not in self._inputs:
            raise ConfigError(f'the network has no input "{name}"{nearest(name, self._inputs)}')
        units = self._inputs[name]
        if len(unit) and unit.max() >= units.n:
            raise ConfigError(f'input "{name}" has no unit {unit.max()}, only 0...{units.n - 1}')
        if in_a_tick > units.capacity:
            raise ConfigError(
                f'input "{name}": {in_a_tick} spikes in a tick, it has room for {units.capacity}'
            )

    def _send(self, name: str, events: NDArray[Any]) -> None:
        """Put the spikes of the next tick where it finds them."""
        feed = self._feeds[name]
        if len(events):
            t_us = self.index * self.dt_us
            feed.ring.push(pack(Kind.SPIKES, feed.port, t_us, events.view(np.uint8)))

    def edit(self, name: str, value: object) -> None:
        """Set a field of the network (``population.array``) from the next tick on."""
        self._loop.edit(name, value)

    def snapshot(self) -> dict[str, bytes]:
        """Copy everything that a bit-identical continuation needs."""
        return snapshot(self._loop)

    def restore(self, state: dict[str, bytes]) -> None:
        """Go back to a snapshot of a simulator of the same network."""
        restore(self._loop, state)


def simulate(  # noqa: PLR0913
    network: Network,
    seconds: float | None = None,
    ticks: int | None = None,
    *,
    dt_us: int = 1000,
    seed: int = 0,
    inputs: Mapping[str, Events] | None = None,
    watch: Sequence[str] = (),
    probe: Sequence[str] = (),
    backend: str = "float",
    folder: Path = Path(),
    progress: Progress | None = None,
) -> Result:
    """Run a network for a while and return what fired.

    Parameters
    ----------
    network
        What to run.
    seconds, ticks
        How long, one of the two; ``seconds`` is rounded to whole ticks.
    dt_us
        Length of a tick in microseconds.
    seed
        The same seed gives the same result, to the bit.
    inputs
        Spikes of the network's inputs by name: `Spikes`, or (times in ms, units).  Those at or
        after the end are not used.
    watch
        Inputs and populations whose spikes are kept.
    probe
        Arrays that are kept after every tick, as in ``"motor.v"``.
    backend
        A file in ``neuroloop/engine/backends``.
    folder
        Where paths of kinds (``./my_neuron.py``) start.
    progress
        Called about 200 times in a run.

    Returns
    -------
    Result
        Spikes, probes and what the ticks cost.

    Raises
    ------
    ConfigError
        Where the network, an input or a name does not fit.
    MachineError
        Where the probes do not fit into memory.

    Examples
    --------
    >>> from neuroloop import Network, Population, simulate
    >>> network = Network(populations=(Population("cell", 1, "lif", {"bias": 2.0}),))
    >>> result = simulate(network, seconds=0.1, watch=["cell"], probe=["cell.v"])
    >>> result.counts("cell"), result.probes["cell.v"].shape
    (array([7]), (100, 1))
    """
    total = _ticks(seconds, ticks, dt_us)
    given = {name: _events(name, value) for name, value in (inputs or {}).items()}
    batches = {name: _Batches(events, dt_us, total) for name, events in given.items()}
    room = {name: b.most for name, b in batches.items()}
    simulator = Simulator(
        network, dt_us=dt_us, seed=seed, watch=watch, backend=backend, room=room, folder=folder
    )
    for name, events in given.items():
        simulator._check(name, events["unit"], batches[name].most)
    kept = _Keeper(simulator, tuple(dict.fromkeys(watch)), probe, total)
    every = max(total // 200, 1)
    for k in range(total):
        for name, batch in batches.items():
            simulator._send(name, batch.of(k))
        simulator._loop.step()
        kept.take(k)
        if progress is not None and (k + 1) % every == 0:
            progress(k + 1, total)
    return kept.result(network)


def _ticks(seconds: float | None, ticks: int | None, dt_us: int) -> int:
    if (seconds is None) == (ticks is None):
        raise ConfigError("give either seconds or ticks")
    total = ticks if ticks is not None else round((seconds or 0.0) * 1e6 / dt_us)
    if total < 1:
        raise ConfigError(f"a run of {total} ticks; it needs at least one")
    return total


def _events(name: str, value: Events) -> NDArray[Any]:
    """Return an input's spikes as `EVENT` records by time, then unit."""
    if isinstance(value, Spikes):
        t_us, unit, times = value.t_us, np.asarray(value.unit), value.value
    else:
        milliseconds = np.atleast_1d(np.asarray(value[0], np.float64))
        if not np.isfinite(milliseconds).all():
            raise ConfigError(f'input "{name}": a time is not a finite number')
        t_us, unit = np.rint(milliseconds * 1e3), np.atleast_1d(np.asarray(value[1]))
        times = np.empty(0, np.int32)
    if len(t_us) != len(unit) or len(times) not in (0, len(unit)):
        raise ConfigError(f'input "{name}": {len(t_us)} times for {len(unit)} units')
    _check_units(name, unit)
    if len(t_us) and t_us.min() < 0:
        raise ConfigError(f'input "{name}": a spike at {t_us.min() * 1e-3:g} ms; a run starts at 0')
    events = np.empty(len(unit), EVENT)
    events["t_us"], events["unit"], events["value"] = t_us, unit, times if len(times) else 1
    return events[np.lexsort((events["unit"], events["t_us"]))]


def _check_units(name: str, unit: NDArray[Any]) -> None:
    if len(unit) and (unit.dtype.kind not in "iu" or unit.min() < 0):
        raise ConfigError(f'input "{name}": units are whole numbers from 0 on')


class _Batches:
    """The spikes of one input, tick by tick."""

    def __init__(self, events: NDArray[Any], dt_us: int, ticks: int) -> None:
        self._events = events
        self._ends = np.searchsorted(events["t_us"], np.arange(ticks + 1, dtype=np.int64) * dt_us)
        sums = np.concatenate(([0], np.cumsum(events["value"], dtype=np.int64)))
        self.most = int(np.diff(sums[self._ends]).max())

    def of(self, k: int) -> NDArray[Any]:
        return self._events[self._ends[k] : self._ends[k + 1]]


class _Keeper:
    """Collects what `simulate` returns."""

    def __init__(
        self, simulator: Simulator, watch: tuple[str, ...], probe: Sequence[str], ticks: int
    ) -> None:
        self._words = simulator.outcome.view(np.int64)
        self._outcome, self._ticks, self._dt_us = simulator.outcome, ticks, simulator.dt_us
        self._watch = watch
        self._left: list[Message] = []
        self._synops = self._spikes = 0
        self._views = {name: simulator.arena[name] for name in probe}
        n_bytes = ticks * (4 + sum(view.nbytes for view in self._views.values()))
        try:
            self._cost_us = np.zeros(ticks, np.float32)
            self._probes = {n: np.zeros((ticks, *v.shape), v.dtype) for n, v in self._views.items()}
        except MemoryError as error:
            raise MachineError(
                f"{ticks:,} ticks of these probes need {n_bytes / 1e9:,.1f} GB of memory"
            ) from error

    def take(self, k: int) -> None:
        """Look at tick ``k``, which has just run."""
        words = self._words
        self._cost_us[k] = (words[R_INTAKE_NS] + words[R_ENGINE_NS]) * 1e-3
        self._synops += int(words[R_SYNOPS])
        self._spikes += int(words[R_SPIKES_OUT])
        if self._watch and (words[R_SPIKES_OUT] or words[R_SPIKES_IN]):
            left = self._outcome[: words[R_BYTES]].copy()
            self._left += [message for message in messages(left) if len(message.payload)]
        for name, view in self._views.items():
            self._probes[name][k] = view

    def result(self, network: Network) -> Result:
        """Put it all together."""
        spikes = {}
        for port, name in enumerate(self._watch):
            found = [message.events() for message in self._left if message.port == port]
            events = np.concatenate(found) if found else np.empty(0, EVENT)
            spikes[name] = Spikes(events["t_us"].copy(), events["unit"].copy())
        return Result(
            ticks=self._ticks,
            dt_us=self._dt_us,
            spikes=spikes,
            probes=self._probes,
            sizes={name: network.size(name) for name in self._watch},
            tick_times=TickTimes(
                float(np.median(self._cost_us)),
                float(np.percentile(self._cost_us, 99)),
                float(self._cost_us.max()),
                float(self._cost_us.sum(dtype=np.float64) * 1e-6),
            ),
            synaptic_operations=self._synops,
            total_spikes=self._spikes,
        )
