"""How many neurons hold a tick: leaky integrate-and-fire, 100 synapses each, firing at 10 Hz."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from neuroloop.bench.engine import timing, wiring
from neuroloop.core.errors import MachineError
from neuroloop.engine import memory
from neuroloop.network import Network, Population, Projection
from neuroloop.runtime.simulator import Simulator

PER_NEURON = 100
RATE_HZ = 10.0
_TAU_MS = 20.0
_SMALLEST = 1_000
_CLOSE = 1.08
"""the search ends where the largest that holds and the smallest that does not are this close"""
_BYTES = 40
"""of memory a synapse, while its network is made"""


@dataclass(frozen=True)
class Carried:
    """The largest network that was seen to hold a tick."""

    dt_us: int
    neurons: int
    synapses: int
    p50_us: float
    p99_us: float
    """of ticks that others did not disturb: each was run five times, the shortest counts"""
    met_p99_us: float
    """as it was met, disturbances included"""
    rate_hz: float
    """that was measured"""
    events_per_s: float
    """synaptic events in a second of run time"""
    too_many: int | None
    """the smallest number that did not hold; None where memory or time ended the search"""


@dataclass(frozen=True)
class _Probe:
    neurons: int
    found: timing.Again

    @property
    def p99_us(self) -> float:
        return self.found.percentile_us(99)


def measure(dt_us: int, seconds: float) -> Carried:
    """Look for about ``seconds`` for the largest network whose p99 is within the tick."""
    end = time.monotonic() + seconds
    most = _most_neurons()
    best, over = None, None
    for probe in _search(dt_us, most, end):
        if probe.p99_us <= dt_us:
            best = probe
        else:
            over = probe.neurons
    if best is None:
        raise MachineError(f"not even {_SMALLEST} neurons hold a tick of {dt_us} us here")
    w, n = best.found.first, best.neurons
    run_s = len(w.cost_us) * dt_us * 1e-6
    return Carried(
        *(dt_us, n, n * PER_NEURON, best.found.percentile_us(50), best.p99_us),
        met_p99_us=float(np.percentile(w.cost_us, 99)),
        rate_hz=w.spikes / n / run_s,
        events_per_s=w.synops / run_s,
        too_many=over,
    )


def _search(dt_us: int, most: int, end: float) -> Iterator[_Probe]:
    """Yield probes, larger and smaller, until two are close enough or the time is up."""
    holds, over, n = 0, math.inf, min(5 * _SMALLEST, most)
    while True:
        probe = _Probe(n, _run(n, dt_us))
        yield probe
        ratio = dt_us / probe.p99_us
        if ratio >= 1:
            holds = n
        else:
            over = n
        if holds >= most or (time.monotonic() > end and holds) or over <= _SMALLEST:
            return
        if over <= _CLOSE * holds:
            return
        # what a neuron costs grows once memory is far, so large steps stay short of the line
        n = int(n * (0.9 * ratio if ratio > 2 else ratio * (1.02 if ratio >= 1 else 0.98)))
        n = max(min(n, most, 16 * max(holds, _SMALLEST)), _SMALLEST)
        if not holds < n < over:
            n = int(math.sqrt(max(holds, _SMALLEST) * over)) if holds else _SMALLEST


def _run(n: int, dt_us: int) -> timing.Again:
    return timing.again(Simulator(network(n), dt_us=dt_us), 200, 5)


def network(n: int) -> Network:
    """Return ``n`` neurons that fire at `RATE_HZ`, each in its own time, and reach one another."""
    period = 1e3 / RATE_HZ / _TAU_MS
    drive = 1.0 / -math.expm1(-period)
    phase = np.random.default_rng(1).random(n)
    v = drive * -np.expm1(-period * phase)
    per_neuron = min(PER_NEURON, n)
    wired = wiring.random(n, n, per_neuron)
    wired = wiring.weighted(wired, wiring.small_weights(len(wired)))
    cells = Population("cells", n, "lif", {"tau_m_ms": _TAU_MS, "bias": drive}, {"v": v})
    return Network(populations=(cells,), projections=(Projection("cells", "cells", wired, 1.0),))


def _most_neurons() -> int:
    """Return how many neurons the free memory has room for."""
    free = memory.free_bytes() or 1 << 31
    return max(free // 2 // (PER_NEURON * _BYTES), _SMALLEST)
