"""Every backend finds kinds, and what it runs depends on the seed alone."""

import importlib
from pathlib import Path

import numpy as np
import pytest

from neuroloop.config import resolve
from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Site
from neuroloop.network import Input, Network, Population, Projection, one_to_one
from neuroloop.runtime.estimate import estimate
from neuroloop.runtime.simulate import simulate

KINDS = resolve.kinds("engine")


def library(backend):
    module = importlib.import_module(f"neuroloop.backends.{backend}")
    return module.build(module.Config(), Site("engine", 0, 1000, Path()))


def network(backend):
    """Return a leaky network with a delay, or one without, where the backend has no such thing."""
    subtract = {"reset": "subtract"}
    for kind, params, delay_ms in (
        ("lif", {}, 2.0),
        ("lif", subtract, 0.0),
        ("integrate_and_fire", subtract, 0.0),
    ):
        cells = tuple(Population(name, 8, kind, params) for name in ("cells", "out"))
        links = tuple(
            Projection(source, target, one_to_one(8, 1.5), delay_ms=delay_ms)
            for source, target in (("in", "cells"), ("cells", "out"))
        )
        tried = Network((Input("in", 8),), cells, links)
        try:
            library(backend).adapt(tried, 1000)
        except ConfigError:
            continue
        return tried
    raise AssertionError(f"{backend} runs none of the networks")


def run(backend, seed=1):
    rng = np.random.default_rng(0)
    inputs = {"in": (np.sort(rng.uniform(0, 50, 300)), rng.integers(0, 8, 300))}
    return simulate(
        network(backend), ticks=60, seed=seed, inputs=inputs, watch=["out"], backend=backend
    )


@pytest.mark.parametrize("kind", KINDS)
def test_same_seed_same_spikes(kind):
    first, second = run(kind).spikes["out"], run(kind).spikes["out"]

    assert len(first.unit)
    assert np.array_equal(first.unit, second.unit)
    assert np.array_equal(first.t_us, second.t_us)


@pytest.mark.parametrize("kind", KINDS)
def test_a_network_that_was_adapted_is_run_as_it_is(kind):
    adapted = library(kind).adapt(network(kind), 1000)
    again = library(kind).adapt(adapted.network, 1000)

    assert again.network is adapted.network
    assert again.late is None
    assert not again.notes


@pytest.mark.parametrize("kind", KINDS)
def test_names_of_the_user_stay_and_nobody_is_early(kind):
    given = network(kind)
    adapted = library(kind).adapt(given, 1000)

    assert adapted.network.inputs == given.inputs
    names = [p.name for p in adapted.network.populations]
    assert names[:2] == ["cells", "out"]
    assert all(name.startswith("chip.") for name in names[2:])
    for name, late in (adapted.late or {}).items():
        assert late >= 0
        assert late == 0 or name != "in"


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_network_costs_there_is_known_before(kind):
    found = estimate(network(kind), backend=kind)

    assert found.populations[0].name == "cells"
    assert not any("not measured" in p.note for p in found.projections)
    assert found.holds
    assert estimate(Network(), backend=kind).holds


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("role", ["neuron", "synapse"])
def test_unknown_kind_is_refused_in_words(kind, role):
    with pytest.raises(ConfigError, match=r"here: .*nonesuch"):
        library(kind).kind(role, "nonesuch", "here")


def test_unknown_backend_is_refused_with_the_nearest_name():
    with pytest.raises(ConfigError, match='did you mean "float"'):
        simulate(Network(), ticks=1, backend="floot")


def test_a_backend_may_be_written_with_a_hyphen():
    assert resolve.module("engine", "loihi1-nengo", Path(), "here").__name__.endswith("_nengo")
