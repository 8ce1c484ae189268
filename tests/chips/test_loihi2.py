"""Loihi 2: neurons whose spikes carry a number, each rule beside a twin in Python's own numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroloop.core.errors import ConfigError
from neuroloop.network import Input, Network, Population, Projection, one_to_one, pairs
from neuroloop.runtime.simulate import Simulator
from neuroloop.testing.whole import relay, synapses

ACTIVE, OVERFLOWS, _, SENT = range(4)


class Rig:
    """Neurons of a kind that get any whole number as their input of a tick."""

    def __init__(self, n, kind, params, **more):
        self.n = n
        cells = Population("cells", n, kind, params, **more)
        self.simulator = Simulator(Network((), (cells,), ()), watch=["cells"])

    def step(self, numbers):
        self.simulator.arena["cells.input"][0, 0, : self.n] = numbers
        fired = self.simulator.step()["cells"].tolist()
        assert fired == np.flatnonzero(self["payload"]).tolist()
        assert not any(self["input"][0][0])
        return self["payload"]

    def __getitem__(self, name):
        return self.simulator.arena[f"cells.{name}"].tolist()


def _numbers(rng, n, size):
    """Input of a tick: nothing, little or much of either sign."""
    largest = rng.choice([0, 2, size // 8, size], n) + 1
    return rng.integers(-largest, largest + 1)


@pytest.mark.parametrize("vth", [0, 1, 700, (1 << 23) - 1])
@pytest.mark.parametrize("kind", ["graded_vec", "graded_relu"])
def test_graded_vector_passes_on_what_is_beyond_the_threshold(kind, vth):
    rng = np.random.default_rng(vth)
    rig = Rig(90, f"loihi2.{kind}", {"vth": vth})
    active = sent = 0
    for _ in range(12):
        numbers = _numbers(rng, 90, 1 << 25)
        numbers[:4] = vth, -vth, vth + 1, -vth - 1
        size = numbers if kind == "graded_relu" else abs(numbers)
        wanted = [int(x) if s > vth else 0 for x, s in zip(numbers, size, strict=True)]
        assert rig.step(numbers) == wanted
        active += np.count_nonzero(numbers)
        sent += np.count_nonzero(wanted)
    assert rig["counted"] == [active, 0, 0, sent]


class Delta:
    """The rule of delta encoding."""

    def __init__(self, n, *, vth, spike_exp, state_exp, cumulative):
        self.total, self.own, self.cumulative = spike_exp + state_exp, state_exp, cumulative
        self.vth = vth << self.total
        self.act, self.residue, self.error = [0] * n, [0] * n, [0] * n

    def encode(self, i, y):
        d = y - self.act[i] + self.residue[i]
        judged = d
        if self.cumulative:
            self.error[i] += d
            judged = self.error[i]
        s = d if abs(judged) >= self.vth else 0
        if s != 0:
            self.error[i] = 0
        self.residue[i], self.act[i] = d - s, y
        return s >> self.own

    def step(self, numbers):
        return [self.encode(i, int(x) << self.total) for i, x in enumerate(numbers)]


class SigmaDelta(Delta):
    """What comes in are changes; what leaves are those of the rectified sum."""

    def __init__(self, n, bias, **params):
        super().__init__(n, **params)
        self.sigma = [0] * n
        self.bias = [int(b) << self.total for b in np.broadcast_to(bias, n)]

    def step(self, numbers):
        self.sigma = [s + int(x) for s, x in zip(self.sigma, numbers, strict=True)]
        driven = [s + b for s, b in zip(self.sigma, self.bias, strict=True)]
        return [self.encode(i, max(y, 0)) for i, y in enumerate(driven)]


_SETTINGS = {
    "vth": st.sampled_from([0, 1, 5, 1000]),
    "spike_exp": st.integers(0, 7),
    "state_exp": st.integers(0, 7),
    "cumulative": st.booleans(),
}


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 150), st.fixed_dictionaries(_SETTINGS), st.integers(0, 999))
def test_any_delta_encoder_follows_the_rule(n, params, seed):
    rng = np.random.default_rng(seed)
    rig, twin = Rig(n, "loihi2.delta", params), Delta(n, **params)
    for _ in range(10):
        numbers = _numbers(rng, n, 1 << 28 - twin.total)
        assert rig.step(numbers) == twin.step(numbers)
        for name in ("act", "residue", "error") if params["cumulative"] else ("act", "residue"):
            assert rig[name] == getattr(twin, name)
    assert rig["counted"][OVERFLOWS] == 0


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 150), st.fixed_dictionaries(_SETTINGS), st.booleans(), st.integers(0, 999))
def test_any_sigma_delta_neuron_follows_the_rule(n, params, per_neuron, seed):
    rng = np.random.default_rng(seed)
    bias = rng.integers(-(2**15) + 1, 2**15, n)
    one = int(bias[0])
    more = {"arrays": {"bias": bias}} if per_neuron else {}
    rig = Rig(n, "loihi2.sigma_delta", {**params, "bias": one}, **more)
    twin = SigmaDelta(n, bias if per_neuron else one, **params)
    for _ in range(10):
        numbers = _numbers(rng, n, 1 << 25)
        assert rig.step(numbers) == twin.step(numbers)
        for name in ("sigma", "act", "residue"):
            assert rig[name] == getattr(twin, name)
        assert not params["cumulative"] or rig["error"] == twin.error
    assert rig["counted"][OVERFLOWS] == 0


def test_receiver_that_sums_what_an_encoder_sends_has_its_input():
    encoder = Population("encoder", 3, "loihi2.delta", {"vth": 10})
    adder = Population("adder", 3, "loihi2.sigma_delta", {"vth": 0})
    whole = synapses.__name__
    wires = (
        Projection("in", "up", one_to_one(3, weight=[7, 40, 400]), kind=whole),
        Projection("up", "encoder", one_to_one(3), kind=whole),
        Projection("encoder", "adder", one_to_one(3), 1.0, kind="loihi2.synapses"),
    )
    network = Network(
        (Input("in", 3),), (Population("up", 3, relay.__name__), encoder, adder), wires
    )
    simulator = Simulator(network)
    for _ in range(3):
        simulator.step({"in": [0, 1, 2]})

    # 7 is too small a change to leave
    assert simulator.arena["adder.sigma"].tolist() == [0, 40, 400]
    assert simulator.arena["encoder.residue"].tolist() == [7, 0, 0]


def test_input_that_does_not_survive_the_shift_is_counted():
    rig = Rig(3, "loihi2.delta", {"spike_exp": 7, "state_exp": 7})
    rig.step([1 << 18, -(1 << 16), 3])

    assert rig["counted"][OVERFLOWS] == 1
    assert rig["act"] == [0, -(1 << 30), 3 << 14]


def test_sum_that_wraps_around_is_counted():
    rig = Rig(2, "loihi2.sigma_delta", {})
    for _ in range(5):
        rig.step([(1 << 29) - 1, -5])

    assert rig["counted"][OVERFLOWS] == 1
    assert rig["sigma"] == [5 * ((1 << 29) - 1) - (1 << 32), -25]


@settings(max_examples=20, deadline=None)
@given(st.integers(-7, 7), st.integers(3, 9), st.booleans(), st.integers(0, 999))
def test_synapses_multiply_what_spikes_carry_then_shift_the_sum(exponent, bits, several, seed):
    rng = np.random.default_rng(seed)
    n, m = rng.integers(1, 12, 2)
    pre, post = np.nonzero(rng.random((n, m)) < rng.choice([0.1, 0.8]))
    weight = rng.integers(-200, 201, len(pre))
    weight[::3] = 255
    mixed = len(weight) > 0 and weight.min() < 0 < weight.max()
    cut = max(8 - bits + mixed, 0)
    delay = rng.integers(1, 5, len(pre)) if several else np.full(len(pre), 2)
    if not len(weight):
        return
    kept = [(int(w) >> cut) << cut for w in weight]
    wires = (
        Projection("in", "up", one_to_one(n, weight=rng.integers(-50_000, 50_000, n)),
                   kind=synapses.__name__),
        Projection("up", "cells", pairs(pre, post, weight), delay.astype(float), "",
                   "loihi2.synapses", {"exponent": exponent, "bits": bits}),
    )  # fmt: skip
    cells = (Population("up", n, relay.__name__), Population("cells", m, relay.__name__))
    simulator = Simulator(Network((Input("in", n),), cells, wires))
    due = np.zeros((16, m), object)
    for t in range(10):
        units = np.flatnonzero(rng.random(n) < 0.5) if t < 6 else np.zeros(0, int)
        simulator.step({"in": units})
        sent = simulator.arena["up.payload"].tolist()
        for d in set(delay.tolist()):
            for j in range(m):
                of = [k for k in range(len(pre)) if post[k] == j and delay[k] == d]
                total = sum(kept[k] * sent[pre[k]] for k in of)
                shifted = total << exponent if exponent > 0 else total >> -exponent
                due[t + d, j] += shifted
        wrapped = [(int(x) + (1 << 31)) % (1 << 32) - (1 << 31) for x in due[t]]
        assert simulator.arena["cells.payload"].tolist() == wrapped


@pytest.mark.parametrize(
    ("kind", "params", "words"),
    [
        ("graded_vec", {"vth": -1}, "vth"),
        ("graded_relu", {"vth": 1 << 23}, "vth"),
        ("delta", {"vth": 2.5}, "vth"),
        ("delta", {"spike_exp": 8}, "spike_exp"),
        ("delta", {"vth": 1 << 20, "spike_exp": 7, "state_exp": 5}, "524287 at most"),
        ("sigma_delta", {"bias": 40_000}, "bias"),
        ("sigma_delta", {"state_exp": -1}, "state_exp"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(kind, params, words):
    with pytest.raises(ConfigError, match=f'"cells".*{words}'):
        Rig(2, f"loihi2.{kind}", params)


@pytest.mark.parametrize("bias", [[0.5, 0.0], [40_000, 0], [1, 2, 3]])
def test_bias_of_a_neuron_that_does_not_fit_is_refused(bias):
    with pytest.raises(ConfigError, match=r'"cells".*bias'):
        Rig(2, "loihi2.sigma_delta", {}, arrays={"bias": bias})


def test_delay_of_nothing_is_refused():
    cells = Population("cells", 2, "loihi2.graded_vec")
    wire = Projection("in", "cells", one_to_one(2), kind="loihi2.synapses")
    with pytest.raises(ConfigError, match="at least 1 is wanted"):
        Simulator(Network((Input("in", 2),), (cells,), (wire,)))
