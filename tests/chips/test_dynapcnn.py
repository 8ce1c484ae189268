"""DYNAP-CNN and Speck: neurons that fire several times a tick, layer by layer, bit for bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroloop.core.errors import ConfigError
from neuroloop.network import (
    Convolution,
    Input,
    Network,
    Population,
    Projection,
    dense,
    load,
    one_to_one,
    save,
)
from neuroloop.runtime.simulate import Simulator, simulate

IAF = "dynapcnn.iaf"


class Twin:
    """The neuron's rule in Python's own numbers."""

    def __init__(self, n, threshold, v_min, bias):
        self.v, self.threshold, self.v_min = [0] * n, threshold, v_min
        self.bias = [int(b) for b in np.broadcast_to(bias, n)]

    def step(self, arriving):
        fired = []
        for i, a in enumerate(arriving):
            v = self.v[i] + int(a) + self.bias[i]
            n = v // self.threshold if v >= self.threshold else 0
            self.v[i] = max(v - n * self.threshold, self.v_min)
            fired.append(n)
        return fired


def _alone(n, weight, params, **more):
    cells = Population("cells", n, IAF, params, **more)
    link = Projection("in", "cells", one_to_one(n, weight=weight), kind="dynapcnn.synapses")
    return Network((Input("in", n),), (cells,), (link,))


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 200),
    st.sampled_from([1, 2, 7, 100, 32767]),
    st.sampled_from([0, -1, -50, -32768]),
    st.booleans(),
    st.integers(0, 999),
)
def test_any_neuron_follows_the_rule_in_v_and_counts(n, threshold, v_min, per_neuron, seed):
    rng = np.random.default_rng(seed)
    weight, bias = rng.integers(-128, 128, n), rng.integers(-128, 128, n)
    arrays = {"bias": bias} if per_neuron else {}
    params = {"threshold": threshold, "v_min": v_min, "bias": int(bias[0])}
    simulator = Simulator(_alone(n, weight, params, arrays=arrays), watch=["cells"])
    twin = Twin(n, threshold, v_min, bias if per_neuron else bias[0])
    sent = 0
    for _ in range(8):
        units = np.sort(rng.integers(0, n, rng.integers(0, n + 1)))
        fired = simulator.step({"in": units})["cells"]
        wanted = twin.step(weight * np.bincount(units, minlength=n))
        assert simulator.arena["cells.v"].tolist() == twin.v
        assert simulator.arena["cells.payload"].tolist() == wanted
        assert fired.tolist() == np.flatnonzero(wanted).tolist()
        sent += sum(wanted)
    assert simulator.arena["cells.counted"][3] == sent


def _layers(rng):
    first = Convolution((2, 9, 10), rng.integers(-20, 30, (3, 2, 3, 3)), 1, 1)
    second = Convolution(first.output_shape, rng.integers(-20, 30, (4, 3, 2, 2)), 1, 1, pool=2)
    last = rng.integers(-20, 30, (second.n_post, 5))
    return first, second, last


def _stack(first, second, last):
    links = (
        Projection("in", "a", first, kind="dynapcnn.convolution"),
        Projection("a", "b", second, kind="dynapcnn.convolution"),
        Projection("b", "out", dense(last.T), kind="dynapcnn.synapses"),
    )
    cells = (
        Population("a", first.n_post, IAF, {"threshold": 25, "v_min": -30, "bias": 1}),
        Population("b", second.n_post, IAF, {"threshold": 40, "v_min": -40}),
        Population("out", 5, IAF, {"threshold": 90, "v_min": -90, "bias": -3}),
    )
    return Network((Input("in", first.n_pre),), cells, links)


def _convolved(kernel, maps, padding):
    """A convolution of whole maps, as matrices of Python's numbers would have it."""
    padded = np.pad(maps, ((0, 0), (padding, padding), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape[2:], axis=(1, 2))
    return np.einsum("cyxij,ocij->oyx", windows, kernel)


def test_three_layers_answer_in_the_same_tick_with_a_pooling_between_them():
    rng = np.random.default_rng(4)
    first, second, last = _layers(rng)
    network = _stack(first, second, last)
    simulator = Simulator(network)
    a, b = Twin(first.n_post, 25, -30, 1), Twin(second.n_post, 40, -40, 0)
    out = Twin(5, 90, -90, -3)
    fired = 0
    for _ in range(40):
        units = np.sort(rng.integers(0, first.n_pre, 25))
        simulator.step({"in": units})
        maps = np.bincount(units, minlength=first.n_pre).reshape(first.input_shape)
        one = np.array(a.step(_convolved(np.int64(first.kernel), maps, 1).reshape(-1)))
        maps = one.reshape(3, 9, 10)[:, :8].reshape(3, 4, 2, 5, 2).sum(axis=(2, 4))
        two = np.array(b.step(_convolved(np.int64(second.kernel), maps, 1).reshape(-1)))
        three = out.step(two @ last)
        for name, twin in (("a", a), ("b", b), ("out", out)):
            assert simulator.arena[f"{name}.v"].tolist() == twin.v
        assert simulator.arena["out.payload"].tolist() == three
        fired += sum(three)
    assert fired > 50


def test_network_of_the_chip_is_kept_in_a_file(tmp_path):
    network = _stack(*_layers(np.random.default_rng(4)))
    save(network, tmp_path / "net.npz")
    inputs = {"in": (np.repeat(np.arange(50), 3), np.arange(150))}

    one, other = (
        simulate(n, ticks=60, inputs=inputs, watch=["out"]).spikes["out"]
        for n in (network, load(tmp_path / "net.npz"))
    )

    assert len(one.unit)
    assert (one.unit.tolist(), one.value.tolist()) == (other.unit.tolist(), other.value.tolist())


def test_run_from_a_snapshot_repeats_to_the_bit():
    network = _stack(*_layers(np.random.default_rng(4)))
    simulator = Simulator(network)
    for k in range(10):
        simulator.step({"in": np.arange(k, k + 100)})
    state = simulator.snapshot()
    runs = []
    for _ in range(2):
        simulator.restore(state)
        for k in range(10):
            simulator.step({"in": np.arange(k, k + 100)})
            runs.append(simulator.arena.memory.tobytes())
    assert runs[:10] == runs[10:]
    assert simulator.arena["out.payload"].any()


def test_silenced_neurons_integrate_and_send_nothing():
    network = _alone(70, np.full(70, 50), {"threshold": 20})
    simulator = Simulator(network, watch=["cells"])
    simulator.arena["cells.silent"][:69] = 1

    assert simulator.step({"in": np.arange(70)})["cells"].tolist() == [69]
    assert (simulator.arena["cells.v"] == 10).all()
    assert simulator.arena["cells.counted"].tolist() == [70, 0, 0, 2]


def test_threshold_is_changed_while_it_runs():
    simulator = Simulator(_alone(2, [90, 45], {"threshold": 30}))
    simulator.step({"in": [0, 1]})
    simulator.edit_parameters("cells", threshold=10, bias=7)
    seen = simulator.arena["cells.payload"].tolist()
    simulator.step({"in": [0]})

    assert (seen, simulator.arena["cells.payload"].tolist()) == ([3, 1], [9, 2])
    assert simulator.arena["cells.v"].tolist() == [7, 2]


@pytest.mark.parametrize(
    ("params", "arrays", "words"),
    [
        ({"threshold": 0}, {}, "threshold"),
        ({"threshold": -5}, {}, "threshold"),
        ({"threshold": 40_000}, {}, "threshold"),
        ({"threshold": 10.5}, {}, "threshold"),
        ({"v_min": 1}, {}, "v_min"),
        ({"v_min": -32_769}, {}, "v_min"),
        ({"bias": 128}, {}, "bias"),
        ({}, {"bias": [0.5, 0, 0]}, "a bias of 0.5; the chip has whole numbers of -128 to 127"),
        ({}, {"bias": [0, -129, 0]}, "a bias of -129"),
        ({}, {"bias": [0, 1]}, r"shape \(2,\), not \(3,\)"),
    ],
)
def test_parameters_that_the_chip_cannot_hold_are_refused(params, arrays, words):
    with pytest.raises(ConfigError, match=f'"cells".*{words}'):
        Simulator(_alone(3, 1, params, arrays=arrays))


def test_synapses_that_add_other_numbers_are_refused():
    cells = Population("cells", 3, IAF)
    network = Network((Input("in", 3),), (cells,), (Projection("in", "cells", one_to_one(3)),))
    with pytest.raises(ConfigError, match="adds floating-point numbers"):
        Simulator(network)
