"""Twenty ticks of six neurons of a kind under the same spikes, for golden traces and slow twins."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from neuroloop.network import Input, Network, Population, Projection, one_to_one
from neuroloop.runtime.simulate import simulate

TICKS, N, SEED = 20, 6, 5
WEIGHT = np.linspace(0.2, 1.4, N)


@dataclass(frozen=True)
class Setup:
    """How a kind is run, where it is not run as `lif` is."""

    params: dict = field(default_factory=dict)
    arrays: dict = field(default_factory=dict)
    scale: dict = field(default_factory=lambda: {"input": 1.0})
    """of the weights, by receptor; empty for a source"""
    probe: tuple = ("v",)


SETUPS = {
    "lif_exp": Setup(scale={"exc": 900.0}),
    "lif_alpha": Setup(scale={"exc": 900.0, "inh": -300.0}, probe=("v", "exc")),
    "lif_cond": Setup(scale={"exc": 20.0, "inh": 5.0}, probe=("v", "exc", "inh")),
    "lif_adaptive": Setup({"reset": "subtract", "refractory_ms": 1.0}, probe=("v", "theta")),
    "integrate_and_fire": Setup({"reset": "subtract", "bias": 0.05}),
    "adex": Setup(scale={"exc": 4000.0, "inh": -500.0}, probe=("v", "w")),
    "leaky_integrator": Setup({"bias": 0.1}, scale={"drive": 1.0, "jump": 1.0}, probe=("value",)),
    "poisson": Setup({"rate_hz": 300.0}, scale={}, probe=()),
    "poisson_counts": Setup(
        arrays={"rate_hz": [0.0, 300.0, 300.0, 2500.0, 2500.0, 30000.0]},
        scale={},
        probe=("value",),
    ),
    "spike_list": Setup(
        arrays={"times_ms": [3.0, 0.0, 7.999, 8.0, 19.5, 3.2, 4.0], "unit": [1, 0, 5, 5, 2, 1, 3]},
        scale={},
        probe=(),
    ),
}


@dataclass(frozen=True)
class Trace:
    """What the neurons got and what they did."""

    x: dict
    """input of each receptor, ``float64[20, 6]``"""
    fired: np.ndarray
    """``bool[20, 6]``"""
    probes: dict
    """by array, ``float32[20, 6]``"""

    def agrees(self, fired, atol=0.0, **arrays):
        """Check that a twin that saw the same input did the same."""
        assert arrays.keys() == self.probes.keys()
        np.testing.assert_array_equal(self.fired, fired)
        for name, values in arrays.items():
            np.testing.assert_allclose(self.probes[name], values, rtol=2e-6, atol=atol)


def run(kind):
    """Run a kind; the spikes of a tick arrive in the next one."""
    setup = SETUPS.get(kind, Setup())
    cells = Population("cells", N, kind, setup.params, setup.arrays)
    links = tuple(
        Projection("in", "cells", one_to_one(N, WEIGHT * scale), 1.0, receptor)
        for receptor, scale in setup.scale.items()
    )
    busy = np.random.default_rng(11).random((TICKS, N)) < 0.6
    times, units = np.nonzero(busy)
    gives_values = "value" in setup.probe
    result = simulate(
        Network((Input("in", N),), (cells,), links),
        ticks=TICKS,
        seed=SEED,
        inputs={"in": (times * 1.0, units)},
        watch=[] if gives_values else ["cells"],
        probe=[f"cells.{name}" for name in setup.probe],
    )
    fired = np.zeros((TICKS, N), bool)
    if not gives_values:
        spikes = result.spikes["cells"]
        fired[spikes.t_us // 1000, spikes.unit] = True
    late = np.zeros((TICKS, N))
    late[1:] = busy[:-1]
    x = {
        receptor: late * (WEIGHT * scale).astype(np.float32)
        for receptor, scale in setup.scale.items()
    }
    return Trace(x, fired, {name: result.probes[f"cells.{name}"] for name in setup.probe})


@pytest.fixture
def golden():
    """Return what runs a kind for its 20 ticks."""
    return run
