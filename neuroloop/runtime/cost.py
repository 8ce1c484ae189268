"""What each part of a network is expected to cost and to take, before it is built."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np

from neuroloop.config import resolve
from neuroloop.core.errors import ConfigError, NeuroloopError, nearest
from neuroloop.core.ports import Bundle, Site
from neuroloop.engine import choose, speed
from neuroloop.engine.arena import Assembler, Field
from neuroloop.engine.delays import delay_ticks
from neuroloop.engine.lower import Library, Lowering
from neuroloop.engine.op import Units, Values, spiking
from neuroloop.engine.row import LINE
from neuroloop.engine.visit import Visit, decide
from neuroloop.network import Connections, Input, Network, Population, Projection
from neuroloop.runtime.sample import Sample
from neuroloop.runtime.simulator import Simulator
from neuroloop.synapses import static

_ROW_US = 0.03
"""of a row of the table, beside what it does"""
_LOOK_US = 2.5e-6
"""of a neuron that nothing reached, where a tick leaves those out"""
_LINE_NEURONS = 200
"""neurons of a full update that cost as much as a line that was reached"""
_SAMPLE = 4096
"""neurons that are timed"""


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
    """which layout was chosen, or which neurons a tick visits, and why"""


Cost = Callable[[float], float]
"""microseconds a tick at a rate in Hz"""


class Costs:
    """Works out the parts of one network."""

    def __init__(self, network: Network, dt_us: int, backend: str, folder: Path) -> None:
        self._at, self._dt_us = (backend, folder), dt_us
        module = resolve.module("engine", backend, folder, f'engine "{backend}"')
        self._library: Library = module.build(module.Config(), Site("engine", 0, dt_us, folder))
        network = self.network = self._library.adapt(network, dt_us).network
        self._delay = {id(j): delay_ticks(j, dt_us) for j in network.projections}
        self._visit = {p.name: self._decided(p) for p in network.populations}
        self._fields = self._of_populations()
        self._machine = speed.load()

    def _decided(self, p: Population) -> Visit:
        where = f'population "{p.name}"'
        arriving = [
            (j, self._delay[id(j)], self._library.kind("synapse", j.kind, f"projection {j.name}"))
            for j in self._arriving(p)
        ]
        module = self._library.kind("neuron", p.kind, where)
        return decide(p, module, arriving, self._dt_us / 1e3, where)

    def _of_populations(self) -> Mapping[str, Field]:
        """Return the fields that the populations would have if nothing reached them late."""
        to = Assembler()
        alone = tuple(
            replace(p, update="events" if self._visit[p.name].events else "full")
            for p in self.network.populations
        )
        lowered = Lowering(to, self._library, self._dt_us, 0).network(
            replace(self.network, populations=alone, projections=()),
            {i.name: _end(to, i) for i in self.network.inputs},
        )
        words = [word for op in lowered.ops for word in op.words.values()]
        return {word.name: word for word in words if isinstance(word, Field)}

    def population(self, p: Population) -> tuple[Cost, Part]:
        """Return what a population costs, and its line without the cost."""
        own = [f for name, f in self._fields.items() if name.startswith(f"{p.name}.")]
        ring, slots = (f"{p.name}.input", f"{p.name}.touched"), self._slots(p)
        n_bytes = sum(f.n_bytes * (slots if f.name in ring else 1) for f in own)
        neuron_us = self._neuron_us(p)
        visit = self._visit[p.name]
        part = Part(p.name, p.kind, p.n, 0.0, n_bytes, visit.note)
        if not visit.events:
            return lambda _: _ROW_US + p.n * neuron_us, part
        lines = p.n / LINE
        events_per_hz = sum(len(j.connections) for j in self._arriving(p)) * self._dt_us * 1e-6

        def cost(hz: float) -> float:
            reached = lines * -math.expm1(-hz * events_per_hz / lines)
            return _ROW_US + p.n * _LOOK_US + reached * _LINE_NEURONS * neuron_us

        return cost, part

    def _neuron_us(self, p: Population) -> float:
        module = self._library.kind("neuron", p.kind, f'population "{p.name}"')
        at = self._alone(whole=hasattr(module, "INPUT"))
        try:
            return neuron_ns(_key(p), *at, self._dt_us) / 1e3
        except ConfigError:  # it needs arrays of its own
            alone = Network(populations=(replace(p, update="full"),))
            return _tick_us(alone, *at, self._dt_us) / p.n

    def _alone(self, *, whole: bool) -> tuple[str, Path]:
        """Return where a part is timed on its own.

        Kinds in whole numbers run on any backend, and that of a chip may refuse so small a network,
        or so large a one.
        """
        backend, folder = self._at
        return ("float" if whole else backend), folder

    def _arriving(self, p: Population) -> list[Projection]:
        return [j for j in self.network.projections if j.target == p.name]

    def projection(self, j: Projection) -> tuple[Cost, Part]:
        """Return what a projection costs, and its line without the cost."""
        where = f"projection {j.name}"
        module = self._library.kind("synapse", j.kind, where)
        if module is not static or not isinstance(j.connections, Connections):
            return self._other(j, module)
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
        part = Part(
            j.name, j.kind, len(j.connections), 0.0, taken.n_bytes, _why(found, taken, j.layout)
        )
        return lambda hz: _ROW_US + none + (some - none) * hz / 100.0, part

    def _other(self, j: Projection, module: ModuleType) -> tuple[Cost, Part]:
        """Time a projection that no layout stands for, or as many of its rows as are enough."""
        part = Part(j.name, j.kind, len(j.connections), 0.0, 0, "measured with a part of it")
        signal, whole = getattr(module, "SIGNAL", "spikes"), hasattr(module, "ADDS")
        if whole:  # from a source that is no input, a chip may take a tick
            delay_ms = np.maximum(j.delay_ms, self._dt_us / 1e3)
            j = replace(j, delay_ms=delay_ms if delay_ms.ndim else float(delay_ms))
        try:
            sample = Sample.of(self.network, j, self._dt_us, signal)
            us, n_bytes = sample.measured(*self._alone(whole=whole), self._dt_us)
        except NeuroloopError as error:
            return lambda _: _ROW_US, replace(part, note=f"not measured: {error}")
        hz = sample.rate_hz
        return lambda at: _ROW_US + us * (at / hz if hz else 1.0), replace(part, n_bytes=n_bytes)

    def _bundle(self, j: Projection) -> Bundle:
        n_pre, n_post = self.network.size(j.source), self.network.size(j.target)
        delay = self._delay[id(j)]
        return Bundle(
            *(j.connections, n_pre, n_post, delay, self._dt_us / 1e3, j.layout),
            touches=self._visit[j.target].events,
        )

    def _slots(self, p: Population) -> int:
        arriving = [self._delay[id(j)] for j in self._arriving(p)]
        longest = max((int(d.max()) for d in arriving if len(d)), default=0)
        return 1 << longest.bit_length()


def _end(to: Assembler, i: Input) -> Units | Values:
    if i.signal == "values":
        return Values(i.name, i.n, to.field(i.name, np.float32, (i.n,)))
    return spiking(to, i.name, i.n)


def _why(found: list[choose.Candidate], taken: choose.Candidate, layout: str) -> str:
    if layout != choose.AUTO:
        return f"{taken.name}: asked for"
    others = [c for c in found if not c.refusal and c is not taken]
    if not others:
        return f"{taken.name}: the only one that can"
    next_us = others[0].cost_ns / 1e3
    return f"{taken.name}: {others[0].name} would cost {next_us:.3g} us at {speed.RATE_HZ:g} Hz"


def _layout_us(name: str, bundle: Bundle, machine: speed.Speed, spikes: float) -> float:
    return float(choose.known()[name].cost_ns(bundle, machine, spikes)) / 1e3


_Key = tuple[str, tuple[tuple[str, float | int | str], ...]]


def _key(p: Population) -> _Key:
    return p.kind, tuple(sorted(p.params.items()))


@cache
def neuron_ns(key: _Key, backend: str, folder: Path, dt_us: int) -> float:
    """Measure what a neuron costs in a tick in which nothing reaches it."""
    kind, params = key
    cells = Population("cells", _SAMPLE, kind, dict(params), update="full")
    spent = _tick_us(Network(populations=(cells,)), backend, folder, dt_us)
    return max(spent - empty_us(backend, folder), 0.0) * 1e3 / _SAMPLE


@cache
def empty_us(backend: str, folder: Path) -> float:
    """Measure a tick with nothing in it."""
    return _tick_us(Network(), backend, folder, 1000)


def _tick_us(network: Network, backend: str, folder: Path, dt_us: int) -> float:
    """Return the shortest of a few hundred ticks."""
    simulator = Simulator(network, dt_us=dt_us, backend=backend, folder=folder)
    return min(float(stride.cost_us.min()) for stride in simulator.strides(300))
