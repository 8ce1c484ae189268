"""What each layout of synapses carries, in what memory, and whether the fastest is chosen."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from neuroloop.bench.engine import timing, wiring
from neuroloop.core.ports import Bundle
from neuroloop.core.values import Float32s
from neuroloop.engine import choose, memory
from neuroloop.engine.speed import RATE_HZ
from neuroloop.network import Connections, Network, Population, Projection
from neuroloop.runtime.simulator import Simulator

_NEAR = 1.1
"""a choice within a tenth of the fastest is as good: runs differ by as much"""
_TICKS, _REPEATS = 60, 7
_LEAST_US = 1e-3


@dataclass(frozen=True)
class Shape:
    """Synapses of one kind, as they come."""

    name: str
    n_pre: int
    n_post: int
    connections: Connections
    delay_ms: float | Float32s = 1.0

    @property
    def rate_hz(self) -> float:
        """At which its sources fire: 10 Hz, or more where they are few."""
        return min(max(RATE_HZ, 8e3 / self.n_pre), 500.0)


@dataclass(frozen=True)
class LayoutCost:
    """One shape in one layout."""

    shape: str
    synapses: int
    layout: str
    tick_us: float
    """of the synapses alone: a tick with them, less a tick without"""
    expected_us: float
    """by which it was chosen, at 10 Hz"""
    events_per_s: float
    bytes_per_synapse: float
    chosen: bool
    fastest: bool
    """of those measured, or within a tenth of it"""


def measure(scale: float) -> Iterator[LayoutCost]:
    """Yield what each shape costs in each layout that takes it; ``scale`` makes them smaller.

    Layouts that would take a tenth of the free memory are left out.
    """
    most_bytes = (memory.free_bytes() or 1 << 32) // 10
    for shape in _shapes(scale):
        yield from _of_shape(shape, most_bytes)


def _shapes(scale: float) -> Iterator[Shape]:
    rng = np.random.default_rng(7)
    n = max(int(10_000 * scale) // 100 * 100, 200)
    tenth = wiring.random(n, n, n // 10)
    s = len(tenth)
    yield Shape("one weight, 1 in 10", n, n, tenth)
    small = wiring.small_weights(s)
    coarse = rng.integers(-31, 32, s).astype(np.float32) * np.float32(2.0**-16)
    yield Shape("weights of 6 bits, 1 in 10", n, n, wiring.weighted(tenth, coarse))
    yield Shape("weights, 1 in 10", n, n, wiring.weighted(tenth, small))
    delays = rng.integers(1, 16, s).astype(np.float32)
    yield Shape("weights and delays, 1 in 10", n, n, wiring.weighted(tenth, small), delays)
    m = 10 * n
    sparse = wiring.random(m, m, 100)
    sparse = wiring.weighted(sparse, wiring.small_weights(len(sparse)))
    yield Shape("weights, 100 a neuron", m, m, sparse)
    k = 256
    full = wiring.random(k, k, k)
    full = wiring.weighted(full, wiring.small_weights(len(full)))
    yield Shape("weights, all to all", k, k, full)


def _of_shape(shape: Shape, most_bytes: int) -> Iterator[LayoutCost]:
    found = [c for c in choose.plan(_bundle(shape)) if not c.refusal]
    measured = [c for c in found if c.n_bytes <= most_bytes]
    runs = [_run(shape, ""), *(_run(shape, c.name) for c in measured)]
    # side by side, so that a disturbance meets them all
    for _ in range(_REPEATS):
        for run in runs:
            run.run()
    without_us, *costs_us = (float(run.shortest_us.mean()) for run in runs)
    own_us = [max(cost - without_us, _LEAST_US) for cost in costs_us]
    spikes = runs[0].first.watched / _TICKS
    events = spikes * len(shape.connections) / shape.n_pre
    for candidate, run, us in zip(measured, runs[1:], own_us, strict=True):
        s = len(shape.connections)
        yield LayoutCost(
            *(shape.name, s, candidate.name, us, candidate.cost_ns / 1e3, events / us * 1e6),
            bytes_per_synapse=_bytes(run.simulator) / s,
            chosen=candidate is found[0],
            fastest=us <= _NEAR * min(own_us),
        )


def _run(shape: Shape, layout: str) -> timing.Again:
    """Start a network of one shape in one layout, or without its synapses."""
    cells = (
        Population("source", shape.n_pre, "poisson", {"rate_hz": shape.rate_hz}),
        Population("target", shape.n_post, "lif", update="full"),
    )
    wired = Projection("source", "target", shape.connections, shape.delay_ms, layout=layout)
    network = Network((), cells, (wired,) if layout else ())
    return timing.Again(Simulator(network, watch=["source"]), _TICKS, _TICKS)


def _bytes(simulator: Simulator) -> int:
    """Return the memory of the synapses."""
    fields = simulator.arena.fields.values()
    return sum(f.n_bytes for f in fields if f.name.startswith("source-target."))


def _bundle(shape: Shape) -> Bundle:
    delay = np.asarray(shape.delay_ms).astype(np.int32)
    s = len(shape.connections)
    return Bundle(
        shape.connections,
        shape.n_pre,
        shape.n_post,
        np.broadcast_to(delay, s) if not delay.ndim else delay,
    )
