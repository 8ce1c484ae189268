"""Every backend finds kinds, and what it runs depends on the seed alone."""

import importlib
from pathlib import Path

import numpy as np
import pytest

from neuroloop.config import resolve
from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Site
from neuroloop.network import Input, Network, Population, Projection, one_to_one
from neuroloop.runtime.simulate import simulate

KINDS = resolve.kinds("engine")


def network(backend):
    module = importlib.import_module(f"neuroloop.backends.{backend}")
    cells = Population("cells", 20, getattr(module, "EXAMPLE_NEURON", "lif"))
    link = Projection("in", "cells", one_to_one(20, 1.5), delay_ms=2.0)
    return Network((Input("in", 20),), (cells,), (link,))


def run(backend, seed=1):
    rng = np.random.default_rng(0)
    inputs = {"in": (np.sort(rng.uniform(0, 50, 300)), rng.integers(0, 20, 300))}
    return simulate(
        network(backend), ticks=60, seed=seed, inputs=inputs, watch=["cells"], backend=backend
    )


@pytest.mark.parametrize("kind", KINDS)
def test_same_seed_same_spikes(kind):
    first, second = run(kind).spikes["cells"], run(kind).spikes["cells"]

    assert len(first.unit)
    assert np.array_equal(first.unit, second.unit)
    assert np.array_equal(first.t_us, second.t_us)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("role", ["neuron", "synapse"])
def test_unknown_kind_is_refused_in_words(kind, role):
    module = importlib.import_module(f"neuroloop.backends.{kind}")
    library = module.build(module.Config(), Site("engine", 0, 1000, Path()))

    with pytest.raises(ConfigError, match=r"here: .*nonesuch"):
        library.kind(role, "nonesuch", "here")


def test_unknown_backend_is_refused_with_the_nearest_name():
    with pytest.raises(ConfigError, match='did you mean "float"'):
        simulate(Network(), ticks=1, backend="floot")
