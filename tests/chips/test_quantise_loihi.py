"""A network in Loihi's whole numbers: the same one where they are exact, and said where not."""

from functools import partial

import numpy as np
import pytest

from neuroloop import simulate
from neuroloop.chips.loihi import quantise
from neuroloop.engine.lower import Lowering
from neuroloop.network import (
    Connections,
    Convolution,
    Input,
    Network,
    Pooling,
    Population,
    Projection,
    dense,
    one_to_one,
    pairs,
)
from neuroloop.runtime import simulator

TICKS = 150
SIZES = {"a": 30, "b": 20, "c": 10}
READINGS = {"lava": "loihi1", "nengo": "loihi1_nengo"}


def whole_weights(rng, n_post, n_pre, part=0.5, unit=1 / 64):
    """Return weights that are even multiples of a power of two, a few of them not there."""
    weight = rng.integers(-120, 121, (n_post, n_pre)) * 2 * unit
    weight[rng.random(weight.shape) > part] = 0.0
    return dense(weight)


def network(kind, params, bias=None, seed=0):
    """Return three populations with ways of different length, delays and two rings."""
    rng = np.random.default_rng(seed)
    populations = tuple(
        Population(name, n, kind, params, {"bias": bias(rng, n)} if bias else {})
        for name, n in SIZES.items()
    )
    links = (
        Projection("x", "a", whole_weights(rng, 30, 15)),
        Projection("y", "b", whole_weights(rng, 20, 4), delay_ms=3.0),
        Projection("a", "b", whole_weights(rng, 20, 30)),
        Projection("b", "c", whole_weights(rng, 10, 20)),
        Projection("a", "c", whole_weights(rng, 10, 30, unit=1 / 256)),
        Projection("a", "a", whole_weights(rng, 30, 30, 0.2), delay_ms=1.0),
        Projection("c", "a", whole_weights(rng, 30, 10, 0.2), delay_ms=5.0),
    )
    return Network((Input("x", 15), Input("y", 4)), populations, links)


def drive(network, part=0.3, seed=1):
    rng, found = np.random.default_rng(seed), {}
    for port in network.inputs:
        tick, unit = np.nonzero(rng.random((TICKS, port.n)) < part)
        found[port.name] = (tick.astype(float), unit)
    return found


def fired(result, name, n):
    grid = np.zeros((TICKS, n), bool)
    grid[result.spikes[name].t_us // 1000, result.spikes[name].unit] = True
    return grid


def both(network, reading, probe=()):
    """Run a network in floating point and on the chip."""
    named = [p.name for p in network.populations]
    runs = [
        simulate(
            network,
            ticks=TICKS,
            inputs=drive(network),
            watch=named,
            probe=probe,
            backend=backend,
        )
        for backend in ("float", READINGS[reading])
    ]
    return runs, quantise(network, 1000, reading)


def assert_same_but_late(network, reading, least_spikes=30):
    (plain, chip), made = both(network, reading)
    for p in network.populations:
        late = made.late[p.name]
        wanted, found = (fired(run, p.name, p.n) for run in (plain, chip))
        assert wanted.sum() >= least_spikes
        assert not found[:late].any()
        np.testing.assert_array_equal(found[late:], wanted[: TICKS - late])


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("refractory_ms", [0.0, 2.0])
def test_without_a_leak_the_chip_is_the_network_to_the_spike(reading, seed, refractory_ms):
    params = {"v_threshold": 6.0, "refractory_ms": refractory_ms}
    nets = network("integrate_and_fire", params, seed=seed)
    assert quantise(nets, 1000, reading).late == {"x": 0, "y": 0, "a": 1, "b": 2, "c": 3}

    assert_same_but_late(nets, reading)


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("seed", range(3))
def test_decays_biases_and_resets_of_the_network_are_exact_where_nothing_is_cut(
    reading, seed, monkeypatch
):
    # in five ticks no bit of a weight is halved below the chip's last one
    monkeypatch.setattr(simulator, "Lowering", partial(Lowering, reset_every_ticks=5))
    nets = network(
        "current_lif", {"v_threshold": 6.0}, lambda rng, n: rng.integers(-60, 60, n) / 16, seed
    )

    assert_same_but_late(nets, reading)


@pytest.mark.parametrize("reading", READINGS)
def test_potentials_are_those_of_the_network_times_the_scale(reading):
    nets = network("integrate_and_fire", {"v_threshold": 6.0})
    (plain, chip), made = both(nets, reading, probe=["a.v", "b.v", "c.v"])

    for layer in made.layers:
        late = made.late[layer.name]
        wanted = plain.probes[f"{layer.name}.v"][: TICKS - late] * layer.scale
        assert wanted.any()
        np.testing.assert_array_equal(chip.probes[f"{layer.name}.v"][late:], wanted)
        assert layer.errors["vth"] == 0.0


@pytest.mark.parametrize("reading", READINGS)
def test_exponential_synapses_act_a_tick_later_and_both_receptors_share_the_current(reading):
    rng = np.random.default_rng(2)
    cells = Population("cells", 20, "lif_exp", {"tau_exc_ms": 5.0, "tau_inh_ms": 5.0})
    links = (
        Projection("in", "cells", dense(rng.uniform(0, 900, (20, 10)))),
        Projection("in", "cells", dense(-rng.uniform(0, 300, (20, 10))), receptor="inh"),
    )
    nets = Network((Input("in", 10),), (cells,), links)
    (plain, chip), made = both(nets, reading)

    # the tick that the kind takes is the one that the chip takes
    assert made.late["cells"] == 0
    wanted, found = (fired(run, "cells", 20).sum(axis=0) for run in (plain, chip))
    assert wanted.sum() > 100
    assert abs(found.sum() / wanted.sum() - 1) < 0.02
    assert [w.name for w in made.wires] == ["in-cells", "in-cells-inh"]


def test_weights_are_off_by_less_than_a_step_and_use_their_bits():
    rng = np.random.default_rng(5)
    for weight, step in ((rng.normal(0, 1, (40, 30)), 2), (rng.random((40, 30)), 1)):
        nets = Network(
            (Input("in", 30),),
            (Population("cells", 40, "lif"),),
            (Projection("in", "cells", dense(weight)),),
        )
        made = quantise(nets, 1000)
        (layer,), (wire,) = made.layers, made.wires
        link = made.network.projections[0]
        unit = 64 * 2.0**wire.exponent
        got = link.connections.weight * unit / layer.scale
        off = got - nets.projections[0].connections.weight
        assert abs(off).max() * layer.scale < unit * step
        # and what they add up to at a neuron is off by half a step, but for weights at the end
        sums = np.bincount(nets.projections[0].connections.post, off)
        assert np.median(abs(sums)) * layer.scale <= unit * step / 2
        assert abs(link.connections.weight).max() > 127
        # a uniform error of one step, beside weights of that size
        assert 0 < wire.error < 0.02
        size = np.sqrt(np.mean(weight[weight != 0] ** 2))
        assert wire.error == pytest.approx(np.sqrt(np.mean(off**2)) / size, rel=1e-3)
        assert abs(layer.errors["vth"]) < 1e-3


def test_fewer_bits_cost_a_larger_error():
    rng = np.random.default_rng(6)
    nets = Network(
        (Input("in", 30),),
        (Population("cells", 40, "lif"),),
        (Projection("in", "cells", dense(rng.normal(0, 1, (40, 30)))),),
    )
    errors = [quantise(nets, 1000, bits=bits).wires[0].error for bits in (8, 6, 4)]

    assert errors[0] * 3 < errors[1] < errors[2] / 3
    weight = quantise(nets, 1000, bits=4).network.projections[0].connections.weight
    assert not (weight % 32).any()


def test_biases_of_a_potential_are_a_register_and_those_of_a_current_a_neuron():
    register = quantise(
        Network(populations=(Population("a", 3, "lif", arrays={"bias": [2.0, 0.5, -1.0]}),)), 1000
    )
    (cells,) = register.network.populations
    got = np.asarray(cells.arrays["bias_mant"]) * 2.0 ** cells.params["bias_exp"]
    wanted = np.array([2.0, 0.5, -1.0]) * (1 - np.exp(-1 / 20)) * register.layers[0].scale
    np.testing.assert_allclose(got, wanted, atol=2.0 ** cells.params["bias_exp"] / 2)
    assert register.layers[0].errors["bias"] < 1e-3

    neuron = quantise(
        Network(populations=(Population("a", 3, "current_lif", arrays={"bias": [0.2, 0, -0.1]}),)),
        1000,
    )
    assert [p.name for p in neuron.network.populations] == ["a", "chip.bias"]
    assert [j.name for j in neuron.network.projections] == ["chip.bias-a"] * 2
    assert neuron.late == {"a": 1, "chip.bias": 0}


def test_delays_of_single_synapses_keep_their_differences():
    wired = pairs([0, 1, 2], [0, 1, 2], [1.0, 1.0, 1.0])
    nets = Network(
        (Input("in", 3),),
        (Population("mid", 3), Population("out", 3)),
        (Projection("in", "mid", one_to_one(3)), Projection("mid", "out", wired, [2.0, 0.0, 61.0])),
    )
    made = quantise(nets, 1000)

    np.testing.assert_array_equal(made.network.projections[1].delay_ms, [3.0, 1.0, 62.0])
    assert made.late == {"in": 0, "mid": 1, "out": 2}


def test_convolution_and_pooling_keep_their_form():
    rng = np.random.default_rng(3)
    kernel = rng.normal(0, 0.3, (3, 2, 3, 3))
    layers = (
        Projection("in", "maps", Convolution((2, 8, 8), kernel, padding="same")),
        Projection("maps", "half", Pooling((3, 8, 8), 2, weight=0.3)),
    )
    nets = Network(
        (Input("in", 128),),
        (Population("maps", 192, "integrate_and_fire"), Population("half", 48, "lif")),
        layers,
    )
    (plain, chip), made = both(nets, "lava")
    first, second = made.network.projections
    assert (first.kind, second.kind) == ("loihi1.convolution", "loihi1.pooling")
    assert first.connections.padding == "same"
    assert second.connections.weight == round(second.connections.weight) > 100
    for name, n in (("maps", 192), ("half", 48)):
        wanted, found = (fired(run, name, n).sum() for run in (plain, chip))
        assert wanted > 100
        assert abs(found / wanted - 1) < 0.05

    _, nengo = both(nets, "nengo")
    assert isinstance(nengo.network.projections[1].connections, Connections)
    assert len(nengo.network.projections[1].connections) == len(layers[1].connections)


def test_spikes_of_the_host_stay_there():
    nets = Network(
        populations=(
            Population("noise", 5, "poisson", {"rate_hz": 300.0}),
            Population("a", 5, "integrate_and_fire"),
        ),
        projections=(Projection("noise", "a", one_to_one(5, 0.6)),),
    )
    made = quantise(nets, 1000)
    assert made.network.populations[0].kind == "poisson"
    (plain, chip), _ = both(nets, "lava")

    wanted, found = (fired(run, "a", 5) for run in (plain, chip))
    assert wanted.sum() > 50
    np.testing.assert_array_equal(found[1:], wanted[:-1])


def test_a_ring_that_is_too_short_is_said_and_runs_longer():
    links = (
        Projection("in", "a", one_to_one(2)),
        Projection("a", "b", one_to_one(2)),
        Projection("b", "a", one_to_one(2), delay_ms=1.0),
    )
    nets = Network((Input("in", 2),), (Population("a", 2), Population("b", 2)), links)
    made = quantise(nets, 1000)

    assert "projection b-a: 1 tick later than in the network" in made.warnings[0]
    assert [w.ticks for w in made.wires] == [1, 1, 1]


@pytest.mark.parametrize("reading", READINGS)
def test_projections_that_bring_nothing_are_no_trouble(reading):
    nothing = np.array([], int)
    nets = Network(
        (Input("in", 3),),
        (Population("a", 3),),
        (
            Projection("in", "a", pairs(nothing, nothing)),
            Projection("in", "a", one_to_one(3, 0.0)),
            Projection("in", "a", one_to_one(3, 1.5)),
        ),
    )
    (_, chip), made = both(nets, reading)

    assert [w.synapses for w in made.wires] == [0, 3, 3]
    assert [w.zeros for w in made.wires] == [0, 0, 0]
    assert chip.counts("a").all()


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("seed", range(3))
def test_a_bias_of_the_potential_begins_when_the_population_does(reading, seed):
    params = {"v_threshold": 6.0, "refractory_ms": 1.0}

    def bias(rng, n):
        return rng.integers(-20, 60, n) / 16

    assert_same_but_late(network("integrate_and_fire", params, bias, seed), reading)
