"""One network on one backend: its spikes with what they carry, and what its parts counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroloop.chips.energy.counts import Counts, everything, of_arena
from neuroloop.compare.trains import Trains
from neuroloop.config import resolve
from neuroloop.core.message import EVENT, R_SYNOPS, RECORD_BYTES, Kind, messages
from neuroloop.core.ports import Site
from neuroloop.core.values import Int64s, Spikes
from neuroloop.engine.lower import Adapted
from neuroloop.network.graph import Network
from neuroloop.runtime.simulator import Simulator


@dataclass(frozen=True, eq=False)
class Conditions:
    """What is the same for all backends."""

    ticks: int
    dt_us: int = 1000
    seed: int = 0
    spikes: Mapping[str, Spikes] = field(default_factory=dict)
    """of each input that spikes"""
    values: Mapping[str, ArrayLike] = field(default_factory=dict)
    """``float32[n]`` of each input of values, which holds"""
    folder: Path = Path()
    """where paths of kinds start"""


@dataclass(frozen=True, eq=False)
class Run:
    """What came of it."""

    trains: Mapping[str, Trains]
    """of each watched population, by the network's own time: lateness is taken out"""
    late: Mapping[str, int]
    """ticks by which populations lag behind the network"""
    notes: Sequence[str]
    """what is different on the backend"""
    counts: Counts
    seconds: float
    """run time, with the ticks that the last population lags behind"""
    network: Network
    """as the backend runs it"""


def run(network: Network, backend: str, watch: Sequence[str], given: Conditions) -> Run:
    """Run a network and return what each watched population did in the ticks asked for.

    A backend that delays populations runs as many ticks longer, so that nothing is cut off.

    Raises
    ------
    ConfigError
        Where the backend cannot run it, or an input does not have such a unit.
    """
    adapted = _adapted(network, backend, given)
    late = dict(adapted.late or {})
    length = given.ticks + max((late.get(name, 0) for name in watch), default=0)
    feeds = {name: _Feed(spikes, given) for name, spikes in given.spikes.items()}
    simulator = Simulator(
        adapted.network,
        dt_us=given.dt_us,
        seed=given.seed,
        watch=watch,
        backend=backend,
        room={name: feed.most for name, feed in feeds.items()},
        folder=given.folder,
    )
    for name, feed in feeds.items():
        simulator.hand(name).check(feed.events["unit"], feed.most)
    kept: list[tuple[int, int, NDArray[Any]]] = []
    synops = 0
    for k in range(length):
        for name, feed in feeds.items():
            simulator.send(name, feed.of_tick(k))
        for name, value in given.values.items() if k == 0 else ():
            simulator.hand(name).give(value, 0)
        simulator.advance()
        synops += int(simulator.outcome[:RECORD_BYTES].view(np.int64)[R_SYNOPS])
        kept.extend(
            (k, message.port, message.events().copy())
            for message in messages(simulator.outcome)
            if message.kind is Kind.SPIKES and len(message.payload)
        )
    trains = {
        name: _trains(adapted.network.size(name), length, [b for b in kept if b[1] == port])
        for port, name in enumerate(watch)
    }
    in_time = {name: t.earlier(late.get(name, 0), given.ticks) for name, t in trains.items()}
    counts = _counts(simulator, adapted.network, length, synops)
    return Run(in_time, late, adapted.notes, counts, length * given.dt_us * 1e-6, adapted.network)


class _Feed:
    """The spikes of one input, tick by tick."""

    def __init__(self, spikes: Spikes, given: Conditions) -> None:
        order = np.lexsort((spikes.unit, spikes.t_us))
        self.events = np.ones(len(order), EVENT)
        self.events["t_us"], self.events["unit"] = spikes.t_us[order], spikes.unit[order]
        if len(spikes.value):
            self.events["value"] = spikes.value[order]
        ends = np.arange(given.ticks + 1, dtype=np.int64) * given.dt_us
        self._ends = np.searchsorted(self.events["t_us"], ends)
        sums = np.concatenate(([0], np.cumsum(self.events["value"], dtype=np.int64)))
        self.most = int(np.diff(sums[self._ends]).max(initial=0))
        """in a tick"""

    def of_tick(self, k: int) -> NDArray[Any]:
        """Return the events of a tick, none after the end."""
        if k + 1 >= len(self._ends):
            return self.events[:0]
        return self.events[self._ends[k] : self._ends[k + 1]]


def _adapted(network: Network, backend: str, given: Conditions) -> Adapted:
    module = resolve.module("engine", backend, given.folder, f'backend "{backend}"')
    site = Site("engine", given.seed, given.dt_us, given.folder)
    adapted: Adapted = module.build(module.Config(), site).adapt(network, given.dt_us)
    return adapted


def _counts(simulator: Simulator, network: Network, ticks: int, synops: int) -> Counts:
    """Return what a chip's parts counted, or the sums that any network has."""
    kinds = {p.name: p.kind for p in network.populations}
    kinds |= {f"{j.name}.{k}": j.kind for k, j in enumerate(network.projections)}
    sizes = {p.name: p.n for p in network.populations}
    counts = of_arena(simulator.arena, kinds, sizes)
    if counts.populations or counts.projections:
        return counts
    return everything(sum(sizes.values()), ticks, synops)


def _trains(n: int, ticks: int, batches: Sequence[tuple[int, int, NDArray[Any]]]) -> Trains:
    """Put batches of events together; several spikes of a unit in a tick become one entry."""
    events = np.concatenate([b[2] for b in batches]) if batches else np.empty(0, EVENT)
    lengths = [len(b[2]) for b in batches]
    tick: Int64s = np.repeat(np.array([b[0] for b in batches], np.int64), lengths)
    place = tick * n + events["unit"]
    own, which = np.unique(place, return_inverse=True)
    weight = np.bincount(which, events["value"], len(own)).astype(np.int64)
    return Trains(n, ticks, own // n, own % n, weight)
