"""What `neuroloop.estimate` says: its parts, how it grows, what it refuses; no time is asserted."""

import json
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

import neuroloop
from neuroloop import Input, Network, Population, Projection, Simulator, estimate
from neuroloop.core.errors import ConfigError
from neuroloop.network import Connections, all_to_all, one_to_one
from neuroloop.runtime import cost
from neuroloop.runtime import estimate as estimating


@pytest.fixture(autouse=True)
def _same_speed(monkeypatch):
    """Take 1 ns a neuron and the shipped constants, whatever else runs on this machine."""
    monkeypatch.setattr(cost, "neuron_ns", lambda *_: 1.0)
    monkeypatch.setattr(estimating, "empty_us", lambda *_: 0.1)
    monkeypatch.setattr(cost.speed, "load", cost.speed.Speed)


def random(n, k, delay_ms=1.0, **more):
    rng = np.random.default_rng(0)
    post = np.sort(rng.integers(0, n, (n, k), np.uint32), axis=1).reshape(-1)
    wired = Connections(np.arange(n + 1) * k, post, rng.random(n * k, np.float32))
    links = (Projection("cells", "cells", wired, delay_ms, **more),)
    return Network((Input("in", 4),), (Population("cells", n, update="full"),), links)


def test_it_is_a_frozen_value_whose_parts_add_up():
    found = estimate(random(1000, 100))
    assert found.us == pytest.approx(0.1 + found.populations[0].us + found.projections[0].us)
    assert found.populations[0].us == pytest.approx(1.0, abs=0.1)
    assert found.n_bytes == sum(found.memory.values())
    assert found.holds
    assert (found.dt_us, found.rate_hz) == (1000, 10.0)
    with pytest.raises(FrozenInstanceError):
        found.dt_us = 1
    assert neuroloop.Estimate is type(found)


def test_more_of_anything_costs_more():
    base = estimate(random(1000, 100))
    assert estimate(random(2000, 100)).us > base.us
    assert estimate(random(1000, 200)).us > base.us
    assert estimate(random(1000, 100), rate_hz=20.0).us > base.us
    assert estimate(random(1000, 100), rate_hz=0.0).us < base.us
    assert estimate(random(1000, 200)).n_bytes > base.n_bytes
    assert estimate(random(1000, 100, 8.0)).n_bytes > base.n_bytes


def test_the_largest_rate_is_where_the_tick_is_full():
    network = random(20_000, 100)
    found = estimate(network, dt_us=200)
    assert 10.0 < found.largest_rate_hz < 5000.0
    assert estimate(network, 200, found.largest_rate_hz * 0.99).holds
    assert not estimate(network, 200, found.largest_rate_hz * 1.01).holds
    assert estimate(random(100, 10)).largest_rate_hz == 1000.0
    assert estimate(random(20_000, 1, 0.1), dt_us=10).largest_rate_hz == 0.0


@pytest.mark.parametrize("delays", [1.0, 5.0, "each"])
def test_memory_is_what_the_network_then_takes(delays):
    rng = np.random.default_rng(1)
    network = random(3000, 50, rng.integers(1, 9, 150_000) * 1.0 if delays == "each" else delays)
    found = estimate(network)
    arena = Simulator(network).arena
    # the header, and fields are rounded up to 64 bytes
    assert found.n_bytes == pytest.approx(len(arena.memory), rel=0.01, abs=4096)


def test_the_layout_and_why_is_the_one_that_is_built():
    network = random(1000, 100)
    note = estimate(network).projections[0].note
    (built,) = Simulator(network).layouts.values()
    assert note.partition(":")[0] == built.partition(":")[0]
    assert "would cost" in note
    asked = estimate(random(1000, 100, layout="ring")).projections[0]
    assert asked.note == "ring: asked for"


def test_neurons_that_nothing_reaches_cost_nothing_where_they_are_left_out():
    def quiet(update):
        return Network(populations=(Population("cells", 1_000_000, "lif", update=update),))

    assert estimate(quiet("full")).us > 900
    found = estimate(quiet("events"))
    assert found.us < 10
    assert found.populations[0].note.startswith("events")
    simulator = Simulator(quiet("events"))
    assert found.n_bytes == pytest.approx(len(simulator.arena.memory), rel=0.01)


def test_kinds_with_a_memory_of_their_own_are_measured():
    values = Projection("in", "cells", all_to_all(4, 50, 0.5), kind="value")
    network = Network((Input("in", 4, "values"),), (Population("cells", 50),), (values,))
    (found,) = estimate(network).projections
    assert found.note == "measured with a part of it"
    assert found.n_bytes >= 200 * 8
    # values are carried in every tick, whatever fires
    assert estimate(network, rate_hz=0.0).projections[0].us > 0.03


def test_what_cannot_be_measured_is_said(monkeypatch):
    def fails(*_):
        raise ConfigError("no such luck")

    monkeypatch.setattr(cost.Sample, "measured", fails)
    values = Projection("in", "cells", one_to_one(4), kind="value")
    network = Network((Input("in", 4, "values"),), (Population("cells", 50),), (values,))
    (found,) = estimate(network).projections
    assert found.note == "not measured: no such luck"


def test_the_page_shows_the_parts_that_cost_most():
    cells = tuple(Population(f"p{k}", 10 + k) for k in range(30))
    text = str(estimate(Network(populations=cells)))
    assert len(text.splitlines()) < 25
    assert "p29 (lif)" in text
    assert "p0 (lif)" not in text
    assert "and 18 more that cost less" in text
    assert "holds at any rate, up to 1000 Hz" in text
    page = str(estimate(random(20_000, 100), dt_us=200))
    assert "us of a 0.2 ms tick, " in page
    assert "the tick holds up to" in page
    assert "MB" in page
    over = estimate(random(20_000, 1, 0.1), dt_us=10)
    assert ": too much" in over.line()
    assert "does not hold, however few" in str(over)


def test_the_numbers_are_plain():
    numbers = json.loads(json.dumps(estimate(random(100, 10)).as_json()))
    assert numbers["holds"] is True
    assert numbers["memory"]["synapses"] > 0
    assert numbers["projections"][0]["kind"] == "static"


@pytest.mark.parametrize(
    ("network", "options", "words"),
    [
        (random(9, 2), {"dt_us": 0}, "dt_us is 0"),
        (random(9, 2), {"rate_hz": 2000.0}, "0 to 1000, one spike in a tick of 1000 us"),
        (random(9, 2), {"rate_hz": -1.0}, "a rate of -1 Hz"),
        (random(9, 2), {"rate_hz": float("nan")}, "a rate of nan Hz"),
        (random(9, 2, 0.5), {}, "not a whole number of ticks"),
        (random(9, 2), {"backend": "flaot"}, 'did you mean "float"'),
        (random(9, 2, layout="rign"), {}, 'did you mean "ring"'),
        (random(9, 2, kind="statik"), {}, 'did you mean "static"'),
        (Network(populations=(Population("c", 1, "lief"),)), {}, 'did you mean "lif"'),
        (Network(populations=(Population("c", 1, "lif", {"tau_m_ms": 0}),)), {}, "tau_m_ms"),
    ],
)
def test_what_could_not_be_built_is_refused_in_words(network, options, words):
    with pytest.raises(ConfigError, match=words):
        estimate(network, **options)


def test_a_kind_that_is_made_from_arrays_is_measured_with_its_own(monkeypatch):
    monkeypatch.undo()
    times = {"times_ms": [1.0, 2.0], "unit": [0, 1]}
    (found,) = estimate(
        Network(populations=(Population("a", 3, "spike_list", {}, times),))
    ).populations
    assert found.us > 0


def test_a_neuron_is_measured_once_for_its_kind(monkeypatch):
    monkeypatch.undo()
    cost.neuron_ns.cache_clear()
    cells = (Population("a", 10, "lif"), Population("b", 20, "lif"), Population("c", 5, "poisson"))
    found = estimate(Network(populations=cells))
    assert cost.neuron_ns.cache_info().misses == 2
    assert all(p.us > 0 for p in found.populations)
