"""A network in DYNAP-CNN's whole numbers: one scale a layer, and what the chip lacks is refused."""

import numpy as np
import pytest

from neuroloop import simulate
from neuroloop.chips.dynapcnn import fit, quantise
from neuroloop.core.errors import ConfigError
from neuroloop.network import (
    Convolution,
    Input,
    Network,
    Pooling,
    Population,
    Projection,
    dense,
    one_to_one,
)

TICKS = 80
SUBTRACT = {"reset": "subtract"}


def layers(seed=0, unit=1.0, threshold=60.0):
    """Return a convolution, a pooling and a dense layer of whole weights times a unit."""
    rng = np.random.default_rng(seed)
    kernel = rng.integers(-20, 30, (3, 2, 3, 3)) * unit
    matrix = rng.integers(-20, 40, (10, 48)) * unit
    params = SUBTRACT | {"v_threshold": threshold * unit}
    return Network(
        (Input("in", 128),),
        (
            Population("maps", 192, "integrate_and_fire", params),
            Population("half", 48, "integrate_and_fire", params),
            Population("out", 10, "integrate_and_fire", params | {"v_threshold": 900.0 * unit}),
        ),
        (
            Projection("in", "maps", Convolution((2, 8, 8), kernel, padding=1)),
            Projection("maps", "half", Pooling((3, 8, 8), 2, weight=40 * unit)),
            Projection("half", "out", dense(matrix)),
        ),
    )


def one(params=(), weight=1.0, arrays=(), **link):
    cells = Population("a", 4, "integrate_and_fire", SUBTRACT | dict(params), dict(arrays))
    wired = Projection("in", "a", one_to_one(4, weight), **link)
    return Network((Input("in", 4),), (cells,), (wired,))


def events(n, part, seed=1):
    tick, unit = np.nonzero(np.random.default_rng(seed).random((TICKS, n)) < part)
    return {"in": (tick.astype(float), unit)}


@pytest.mark.parametrize(
    ("numbers", "bits", "scale"),
    [
        ([0.5, -0.25], 8, 127 / 0.5),
        ([0.5, -0.5], 8, 127 / 0.5),
        ([0.5, -0.504], 8, 128 / 0.504),
        ([-2.0], 8, 63.5),
        ([0.0], 8, np.inf),
        ([], 8, np.inf),
        ([1.0, -1.0], 16, 32767.0),
    ],
)
def test_the_scale_is_the_largest_under_which_numbers_fit(numbers, bits, scale):
    found = fit(np.array(numbers), bits)

    assert found == pytest.approx(scale)
    if np.isfinite(found):
        whole = np.rint(np.array(numbers) * found)
        assert -(2 ** (bits - 1)) <= whole.min() <= whole.max() <= 2 ** (bits - 1) - 1


def test_halves_are_rounded_to_even_numbers_with_one_scale_a_layer():
    weight = np.array([127.0, 2.5, 3.5, -4.5])
    made = quantise(one({"v_threshold": 10.5}, weight), 1000)
    (cells,), (link,) = made.network.populations, made.network.projections

    np.testing.assert_array_equal(link.connections.weight, [127, 2, 4, -4])
    assert cells.params["threshold"] == 10
    assert made.layers[0].scale == 1.0
    assert made.layers[0].errors["threshold"] == pytest.approx(10 / 10.5 - 1)


def test_no_lowest_potential_leaves_the_weights_their_bits():
    free = quantise(one(weight=0.01), 1000)
    assert free.layers[0].numbers["v_min"] == -32768
    assert free.network.projections[0].connections.weight.max() == 127

    kept = quantise(one(weight=0.01), 1000, v_min=-5.0)
    assert kept.layers[0].scale == pytest.approx(32768 / 5.0)
    assert kept.layers[0].numbers["v_min"] == -32768
    with pytest.raises(ConfigError, match=r'in-a: all of its weights are 0.*of "a" is too large'):
        quantise(one(weight=0.01), 1000, v_min=-32768.0)


@pytest.mark.parametrize("seed", range(3))
def test_whole_numbers_run_as_they_do_on_the_chip(seed):
    nets, given = layers(seed), events(128, 0.08, seed)
    named = [p.name for p in nets.populations]
    counts = [f"{name}.payload" for name in named]
    plain = simulate(nets, ticks=TICKS, inputs=given, watch=named)
    chip = simulate(nets, ticks=TICKS, inputs=given, probe=counts, backend="dynapcnn")
    # what exceeds twice a threshold at once fires in later ticks there: so counts, not times
    for name in named:
        wanted, sent = plain.counts(name), chip.probes[f"{name}.payload"].sum(axis=0)
        assert wanted.sum() > 50
        assert abs(sent.sum() / wanted.sum() - 1) < 0.05
        assert np.corrcoef(wanted, sent)[0, 1] > 0.95


def test_a_network_whose_neurons_fire_once_a_tick_is_the_same_to_the_spike():
    rng = np.random.default_rng(2)
    # with 127 as the largest weight the scale is 8, and nothing is rounded
    matrix = rng.integers(-40, 128, (20, 10)) / 8
    matrix[0, 0] = 127 / 8
    link = Projection("in", "a", dense(matrix))
    bias = rng.integers(-30, 100, 20) / 8
    params = SUBTRACT | {"v_threshold": 125.0}
    exact = Population("a", 20, "integrate_and_fire", params, {"bias": bias})
    nets = Network((Input("in", 10),), (exact,), (link,))
    given = events(10, 0.6)
    plain, chip = (
        simulate(
            nets,
            ticks=TICKS,
            inputs=given,
            watch=["a"],
            probe=["a.v"],
            backend=backend,
        )
        for backend in ("float", "dynapcnn")
    )
    (layer,) = quantise(nets, 1000).layers

    assert len(plain.spikes["a"].unit) > 100
    np.testing.assert_array_equal(plain.spikes["a"].unit, chip.spikes["a"].unit)
    np.testing.assert_array_equal(plain.spikes["a"].t_us, chip.spikes["a"].t_us)
    np.testing.assert_array_equal(chip.probes["a.v"], plain.probes["a.v"] * layer.scale)


def test_a_pooling_becomes_a_layer_that_sums_before_its_kernel():
    made = quantise(layers(), 1000)
    pooled = made.network.projections[1]

    assert pooled.kind == "dynapcnn.convolution"
    assert pooled.connections.windows == (2, 2)
    np.testing.assert_array_equal(
        np.asarray(pooled.connections.kernel)[:, :, 0, 0], 127 * np.eye(3)
    )
    assert [w.name for w in made.wires] == ["in-maps", "maps-half", "half-out"]


def test_windows_that_overlap_are_a_kernel():
    nets = Network(
        (Input("in", 32),),
        (Population("a", 18, "integrate_and_fire", SUBTRACT),),
        (Projection("in", "a", Pooling((2, 4, 4), 2, stride=1)),),
    )
    form = quantise(nets, 1000).network.projections[0].connections

    assert (form.windows, form.steps) == ((1, 1), (1, 1))
    assert np.asarray(form.kernel).sum() == 127 * 2 * 4


@pytest.mark.parametrize(
    ("kind", "params", "said"),
    [
        ("lif", SUBTRACT, "kind lif leaks.*integrate_and_fire.*loihi1"),
        ("current_lif", {}, "kind current_lif leaks"),
        ("integrate_and_fire", {}, 'lowers v by the threshold.*"subtract"'),
        ("integrate_and_fire", SUBTRACT | {"refractory_ms": 2.0}, "refractory time of 2 ticks"),
        ("adex", {}, "kind adex has no form"),
        ("integrate_and_fire", SUBTRACT | {"v_threshold": -1.0}, "threshold is -1 above rest"),
    ],
)
def test_neurons_that_the_chip_has_not_are_refused(kind, params, said):
    with pytest.raises(ConfigError, match=f'population "a".*{said}'):
        quantise(Network(populations=(Population("a", 4, kind, params),)), 1000)


def test_delays_rings_and_a_second_kernel_are_refused():
    with pytest.raises(ConfigError, match=r"in-a: a delay of 3 ms.*leave delay_ms out"):
        quantise(one(delay_ms=3.0), 1000)
    cells = tuple(Population(name, 4, "integrate_and_fire", SUBTRACT) for name in "ab")
    ring = tuple(Projection(s, t, one_to_one(4), delay_ms=1.0) for s, t in (("a", "b"), ("b", "a")))
    with pytest.raises(ConfigError, match=r"a -> b -> a|b -> a -> b.*without recurrence.*loihi1"):
        quantise(Network(populations=cells, projections=ring), 1000)
    twice = (Projection("in", "a", one_to_one(4)), Projection("also", "a", one_to_one(4)))
    with pytest.raises(ConfigError, match=r'"a": 2 projections reach it \(in-a, also-a\).*kernel'):
        quantise(Network((Input("in", 4), Input("also", 4)), cells[:1], twice), 1000)


def test_a_threshold_of_nothing_is_refused_and_weights_of_nothing_are_said():
    with pytest.raises(ConfigError, match=r"threshold of 0.001 above rest is 0.*weight is 1"):
        quantise(one({"v_threshold": 1e-3}), 1000)
    made = quantise(one(weight=np.array([1.0, 1e-3, 1e-3, 1e-3])), 1000)
    assert made.wires[0].zeros == 3
    assert "projection in-a: 3 of 4 weights became 0" in made.warnings[0]
