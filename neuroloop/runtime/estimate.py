"""What a network is expected to cost on this machine, said before it is built.

What a neuron of a kind costs is measured once in a process, with a few thousand of them; what
synapses cost follows from their layout (`neuroloop.engine.choose`) and the constants of the machine
(`neuroloop.engine.speed`).  Measured ticks were within a factor of two of it.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from neuroloop.config import resolve
from neuroloop.core.errors import ConfigError, NeuroloopError, nearest
from neuroloop.core.ports import Bundle, Site
from neuroloop.engine import choose, speed
from neuroloop.engine.arena import Assembler, Field
from neuroloop.engine.lower import Lowering, delay_ticks
from neuroloop.engine.op import Units, Values, spiking
from neuroloop.network import Connections, Input, Network, Population, Projection
from neuroloop.runtime.simulator import Simulator
from neuroloop.synapses import static

_ROW_US = 0.03
"""of a row of the table, beside what it does"""
_SAMPLE = 4096
"""neurons that are timed"""
_SAMPLE_SYNAPSES = 1 << 16
_SOURCE = "estimate's source"
_SHOWN = 12
"""parts that stand on the page, those that cost most"""


@dataclass(frozen=True)
class Part:
    """One population or projection."""

    name: str
    kind: str
    size: int
    """neurons or synapses"""
    us: float
    """of a tick"""
    n_bytes: int
    note: str
    """of a projection: the layout that was chosen, and why"""


@dataclass(frozen=True)
class Estimate:
    """What a tick is expected to cost, and what the network takes; ``print`` shows a page."""

    dt_us: int
    rate_hz: float
    """at which every input and neuron is taken to fire"""
    tick_us: float
    """of a tick with nothing in it"""
    populations: tuple[Part, ...]
    projections: tuple[Part, ...]
    largest_rate_hz: float
    """up to which the tick holds; 0 where it does not even hold without a spike, the most that
    there can be (a spike a tick) where it always does"""

    @property
    def us(self) -> float:
        """Microseconds of a tick."""
        return self.tick_us + sum(p.us for p in (*self.populations, *self.projections))

    @property
    def holds(self) -> bool:
        """Whether a tick is done before the next one begins."""
        return self.us < self.dt_us

    @property
    def memory(self) -> Mapping[str, int]:
        """Bytes of the neurons, with all that waits for them, and of the synapses."""
        return {
            "neurons": sum(p.n_bytes for p in self.populations),
            "synapses": sum(p.n_bytes for p in self.projections),
        }

    @property
    def n_bytes(self) -> int:
        """Of all of it."""
        return sum(self.memory.values())

    def line(self) -> str:
        """Return it in a few words: ``about 12 us of a 20 ms tick, 0.3 MB``."""
        over = "" if self.holds else ": too much"
        return (
            f"about {self.us:.3g} us of a {self.dt_us / 1e3:g} ms tick{over}, {_mb(self.n_bytes)}"
        )

    def as_json(self) -> dict[str, Any]:
        """Return it as plain numbers, with what follows from them."""
        follows = {"us": self.us, "holds": self.holds, "memory": dict(self.memory)}
        return {**asdict(self), **follows}

    def __str__(self) -> str:  # type: ignore[explicit-override]  # `override` is of Python 3.12
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"{self.line()}, at {self.rate_hz:g} Hz a neuron"
        most = 1e6 / self.dt_us
        if self.largest_rate_hz >= most:
            yield f"the tick holds at any rate, up to {most:g} Hz: a spike a tick"
        elif self.largest_rate_hz > 0:
            yield f"the tick holds up to {self.largest_rate_hz:.3g} Hz a neuron"
        else:
            yield "the tick does not hold, however few spikes there are"
        yield ", ".join(f"{name} {_mb(n)}" for name, n in self.memory.items())
        yield f"  {'an empty tick':32} {'':>13} {self.tick_us:9.2f} us"
        for head, parts in (("neurons", self.populations), ("synapses", self.projections)):
            if parts:
                yield f"{head} {'':25} {'number':>13} {'a tick':>12} {'memory':>11}"
            for p in sorted(parts, key=lambda part: -part.us)[:_SHOWN]:
                name = f"{p.name} ({p.kind})"
                row = f"  {name:32} {p.size:13,} {p.us:9.2f} us {_mb(p.n_bytes):>11}"
                yield f"{row}  {p.note}".rstrip()
            if len(parts) > _SHOWN:
                yield f"  and {len(parts) - _SHOWN} more that cost less"


def estimate(
    network: Network,
    dt_us: int = 1000,
    rate_hz: float = speed.RATE_HZ,
    *,
    backend: str = "float",
    folder: Path = Path(),
) -> Estimate:
    """Say what a network is expected to cost on this machine, without building it.

    Parameters
    ----------
    network
        What would run.
    dt_us
        Length of a tick in microseconds.
    rate_hz
        At which every input and neuron fires.
    backend
        A file in ``neuroloop/engine/backends``.
    folder
        Where paths of kinds (``./my_neuron.py``) start.

    Raises
    ------
    ConfigError
        Where the network cannot be built with such a tick, or no neuron can fire at such a rate.
    MachineError
        Where its neurons alone do not fit into memory.

    Examples
    --------
    >>> from neuroloop import Network, Population, estimate
    >>> found = estimate(Network(populations=(Population("cells", 1000, "lif"),)))
    >>> found.holds, found.largest_rate_hz
    (True, 1000.0)
    """
    if dt_us < 1 or dt_us != int(dt_us):
        raise ConfigError(f"dt_us is {dt_us}; a tick has a whole number of microseconds")
    most_hz = 1e6 / dt_us
    if not 0.0 <= rate_hz <= most_hz:
        raise ConfigError(
            f"a rate of {rate_hz:g} Hz; 0 to {most_hz:g}, one spike in a tick of {dt_us} us, is "
            "wanted"
        )
    found = _Costs(network, int(dt_us), backend, folder)
    populations = [found.population(p) for p in network.populations]
    projections = [found.projection(j) for j in network.projections]
    tick_us = _empty_us(backend, folder)

    def total_us(hz: float) -> float:
        return tick_us + sum(cost(hz) for cost, _ in (*populations, *projections))

    return Estimate(
        *(int(dt_us), float(rate_hz), tick_us),
        tuple(replace(part, us=cost(rate_hz)) for cost, part in populations),
        tuple(replace(part, us=cost(rate_hz)) for cost, part in projections),
        _largest(total_us, dt_us, most_hz),
    )


Cost = Callable[[float], float]
"""microseconds a tick at a rate in Hz"""


class _Costs:
    """Works out the parts of one network."""

    def __init__(self, network: Network, dt_us: int, backend: str, folder: Path) -> None:
        self._network, self._dt_us = network, dt_us
        self._at = (backend, folder)
        module = resolve.module("engine", backend, folder, f'engine "{backend}"')
        self._library = module.build(module.Config(), Site("engine", 0, dt_us, folder))
        self._delay = {id(j): delay_ticks(j, dt_us) for j in network.projections}
        self._fields = self._of_populations()
        self._machine = speed.load()

    def _of_populations(self) -> Mapping[str, Field]:
        """Return the fields that the populations would have if nothing reached them late."""
        to = Assembler()
        alone = replace(self._network, projections=())
        lowering = Lowering(to, self._library, self._dt_us, 0)
        lowered = lowering.network(alone, {i.name: _end(to, i) for i in alone.inputs})
        words = [word for op in lowered.ops for word in op.words.values()]
        return {word.name: word for word in words if isinstance(word, Field)}

    def population(self, p: Population) -> tuple[Cost, Part]:
        """Return what a population costs, and its line without the cost."""
        own = [f for name, f in self._fields.items() if name.startswith(f"{p.name}.")]
        slots = self._slots(p.name)
        n_bytes = sum(f.n_bytes * (slots if f.name == f"{p.name}.input" else 1) for f in own)
        full_us = _ROW_US + p.n * _neuron_ns(_key(p), *self._at, self._dt_us) / 1e3
        part = Part(p.name, p.kind, p.n, full_us, n_bytes, "")
        if p.update != "events":
            return lambda _: full_us, part
        blocks = p.n / 64
        events_per_hz = sum(
            self._events(j, 1.0) for j in self._network.projections if j.target == p.name
        )
        # blocks are reached at random: one without an event is left out
        return (
            lambda hz: full_us * -math.expm1(-hz * events_per_hz / blocks) + _ROW_US,
            replace(part, note="only those that something reached"),
        )

    def projection(self, j: Projection) -> tuple[Cost, Part]:
        """Return what a projection costs, and its line without the cost."""
        where = f"projection {j.name}"
        module = self._library.kind("synapse", j.kind, where)
        if module is not static or not isinstance(j.connections, Connections):
            return self._other(j)
        bundle = self._bundle(j)
        found = choose.plan(bundle, speed=self._machine)
        asked = [c for c in found if j.layout in (choose.AUTO, c.name)]
        if not asked or asked[0].refusal:
            why = (
                asked[0].refusal if asked else f"no such layout{nearest(j.layout, choose.known())}"
            )
            raise ConfigError(f'{where}: layout "{j.layout}" cannot hold it: {why}')
        taken = asked[0]
        spikes = bundle.n_pre * self._dt_us * 1e-6
        none, some = (
            _layout_us(taken.name, bundle, self._machine, spikes * hz) for hz in (0.0, 100.0)
        )
        part = Part(j.name, j.kind, len(j.connections), 0.0, taken.n_bytes, _why(found, taken))
        return lambda hz: _ROW_US + none + (some - none) * hz / 100.0, part

    def _other(self, j: Projection) -> tuple[Cost, Part]:
        """Time a projection that no layout stands for, or as many of its rows as are enough."""
        part = Part(j.name, j.kind, len(j.connections), 0.0, 0, "measured with a part of it")
        try:
            sample = _Sample.of(self._network, j, self._dt_us)
            us, n_bytes = sample.measured(*self._at, self._dt_us)
        except NeuroloopError as error:
            return lambda _: _ROW_US, replace(part, note=f"not measured: {error}")
        hz = sample.rate_hz
        return lambda at: _ROW_US + us * (at / hz if hz else 1.0), replace(part, n_bytes=n_bytes)

    def _bundle(self, j: Projection) -> Bundle:
        n_pre, n_post = self._network.size(j.source), self._network.size(j.target)
        delay = self._delay[id(j)]
        touches = any(
            p.name == j.target and p.update == "events" for p in self._network.populations
        )
        return Bundle(
            *(j.connections, n_pre, n_post, delay, self._dt_us / 1e3, j.layout), touches=touches
        )

    def _events(self, j: Projection, hz: float) -> float:
        return len(j.connections) * hz * self._dt_us * 1e-6

    def _slots(self, name: str) -> int:
        arriving = [self._delay[id(j)] for j in self._network.projections if j.target == name]
        longest = max((int(d.max()) for d in arriving if len(d)), default=0)
        return 1 << longest.bit_length()


@dataclass(frozen=True)
class _Sample:
    """A projection on its own, from a source that fires at random or carries zeros."""

    target: Population
    projection: Projection
    sources: tuple[Input | Population, ...]
    rate_hz: float
    """0 where it carries values"""
    part: float
    """of the synapses, that the sample has"""

    @classmethod
    def of(cls, network: Network, j: Projection, dt_us: int) -> "_Sample":
        target = next(p for p in network.populations if p.name == j.target)
        n = network.size(j.source)
        rate_hz = min(max(speed.RATE_HZ, 20e6 / (n * dt_us)), 0.5e6 / dt_us)
        values = any(i.name == j.source and i.signal == "values" for i in network.inputs)
        values |= (
            getattr(resolve.module("synapse", j.kind, Path(), j.name), "SIGNAL", "") == "values"
        )
        source = (
            Input(_SOURCE, n, "values")
            if values
            else Population(_SOURCE, n, "poisson", {"rate_hz": rate_hz})
        )
        third = [i for i in network.inputs if i.name in j.params.values()]
        wired, delay_ms, part = _rows(j)
        sample = replace(j, source=_SOURCE, connections=wired, delay_ms=delay_ms)
        return cls(target, sample, (source, *third), 0.0 if values else rate_hz, part)

    def measured(self, backend: str, folder: Path, dt_us: int) -> tuple[float, int]:
        """Return microseconds a tick and bytes, of the whole projection."""
        inputs = tuple(s for s in self.sources if isinstance(s, Input))
        cells = tuple(s for s in self.sources if isinstance(s, Population))
        network = Network(inputs, (*cells, self.target), (self.projection,))
        mean_us = []
        n_bytes = 0
        for tried in (replace(network, projections=()), network):
            simulator = Simulator(tried, dt_us=dt_us, backend=backend, folder=folder)
            simulator.run(20)
            mean_us.append(float(np.mean([s.cost_us.mean() for s in simulator.strides(200)])))
            n_bytes = sum(
                field.n_bytes
                for name, field in simulator.arena.fields.items()
                if name.startswith(f"{self.projection.name}.")
            )
        return max(mean_us[1] - mean_us[0], 0.0) / self.part, round(n_bytes / self.part)


def _rows(j: Projection) -> tuple[Any, Any, float]:
    """Return the first rows of a long list of synapses, their delays, and which part they are."""
    wired = j.connections
    if not isinstance(wired, Connections) or len(wired) <= _SAMPLE_SYNAPSES:
        return wired, j.delay_ms, 1.0
    rows = max(int(np.searchsorted(wired.start, _SAMPLE_SYNAPSES)), 1)
    last = int(wired.start[rows])
    first = Connections(wired.start[: rows + 1], wired.post[:last], wired.weight[:last])
    delay = np.asarray(j.delay_ms)
    return first, delay[:last] if delay.ndim else j.delay_ms, last / len(wired)


def _end(to: Assembler, i: Input) -> Units | Values:
    if i.signal == "values":
        return Values(i.name, i.n, to.field(i.name, np.float32, (i.n,)))
    return spiking(to, i.name, i.n)


def _why(found: list[choose.Candidate], taken: choose.Candidate) -> str:
    others = [c for c in found if not c.refusal and c is not taken]
    if not others or found[0] is not taken:
        return f"{taken.name}: {'asked for' if others else 'the only one that can'}"
    next_us = others[0].cost_ns / 1e3
    return f"{taken.name}: {others[0].name} would cost {next_us:.2g} us at {speed.RATE_HZ:g} Hz"


def _layout_us(name: str, bundle: Bundle, machine: speed.Speed, spikes: float) -> float:
    return float(choose.known()[name].cost_ns(bundle, machine, spikes)) / 1e3


def _largest(total_us: Cost, dt_us: int, most_hz: float) -> float:
    """Return the largest rate at which a tick holds."""
    if total_us(0.0) >= dt_us:
        return 0.0
    low, high = 0.0, most_hz
    if total_us(high) < dt_us:
        return most_hz
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if total_us(middle) < dt_us else (low, middle)
    return low


def _mb(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:,.1f} MB" if n_bytes >= 1e5 else f"{n_bytes / 1e3:,.1f} kB"


_Key = tuple[str, tuple[tuple[str, float | int | str], ...]]


def _key(p: Population) -> _Key:
    return p.kind, tuple(sorted(p.params.items()))


@cache
def _neuron_ns(key: _Key, backend: str, folder: Path, dt_us: int) -> float:
    """Measure what a neuron costs in a tick in which nothing reaches it."""
    kind, params = key
    cells = Population("cells", _SAMPLE, kind, dict(params))
    spent = _tick_us(Network(populations=(cells,)), backend, folder, dt_us)
    return max(spent - _empty_us(backend, folder), 0.0) * 1e3 / _SAMPLE


@cache
def _empty_us(backend: str, folder: Path) -> float:
    """Measure a tick with nothing in it."""
    return _tick_us(Network(), backend, folder, 1000)


def _tick_us(network: Network, backend: str, folder: Path, dt_us: int) -> float:
    """Return the shortest of a few hundred ticks."""
    simulator = Simulator(network, dt_us=dt_us, backend=backend, folder=folder)
    return min(float(stride.cost_us.min()) for stride in simulator.strides(300))
