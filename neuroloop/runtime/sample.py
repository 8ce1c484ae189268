"""One projection on its own, timed, or as many of its rows as are enough."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from neuroloop.engine import speed
from neuroloop.network import Connections, Input, Network, Population, Projection
from neuroloop.runtime.simulator import Simulator

_SYNAPSES = 1 << 16
_SOURCE = "the sample's source"
_TICKS = 200


@dataclass(frozen=True)
class Sample:
    """A projection on its own, from a source that fires at random or carries zeros."""

    target: Population
    projection: Projection
    sources: tuple[Input | Population, ...]
    rate_hz: float
    """0 where it carries values"""
    part: float
    """of the synapses, that the sample has"""

    @classmethod
    def of(cls, network: Network, j: Projection, dt_us: int, signal: str) -> "Sample":
        """Return the sample of a projection that carries ``signal``: spikes or values."""
        target = next(p for p in network.populations if p.name == j.target)
        n, values = network.size(j.source), signal == "values"
        rate_hz = min(max(speed.RATE_HZ, 20e6 / (n * dt_us)), 0.5e6 / dt_us)
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
        cost_us = []
        n_bytes = 0
        for tried in (replace(network, projections=()), network):
            simulator = Simulator(tried, dt_us=dt_us, backend=backend, folder=folder)
            simulator.run(20)
            ticks = np.concatenate([s.cost_us for s in simulator.strides(_TICKS)])
            cost_us.append(float(np.median(ticks)))
            n_bytes = sum(
                field.n_bytes
                for name, field in simulator.arena.fields.items()
                if name.startswith(f"{self.projection.name}.")
            )
        return max(cost_us[1] - cost_us[0], 0.0) / self.part, round(n_bytes / self.part)


def _rows(j: Projection) -> tuple[Any, Any, float]:
    """Return the first rows of a long list of synapses, their delays, and which part they are."""
    wired = j.connections
    if not isinstance(wired, Connections) or len(wired) <= _SYNAPSES:
        return wired, j.delay_ms, 1.0
    rows = max(int(np.searchsorted(wired.start, _SYNAPSES)), 1)
    last = int(wired.start[rows])
    first = Connections(wired.start[: rows + 1], wired.post[:last], wired.weight[:last])
    delay = np.asarray(j.delay_ms)
    return first, delay[:last] if delay.ndim else j.delay_ms, last / len(wired)
