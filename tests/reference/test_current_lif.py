"""The LIF of trained actors against a plain NumPy twin of the published recurrence, bit for bit."""

from itertools import pairwise

import numpy as np

from neuroloop.network import Input, Network, Population, Projection, dense
from neuroloop.runtime.simulate import simulate

SIZES, TICKS = (12, 20, 15, 4), 60
DECAY = np.float32(0.5), np.float32(0.75), np.float32(0.5)


def _weights():
    rng = np.random.default_rng(3)
    return [
        (rng.normal(0.0, 0.4, (m, n)).astype(np.float32), rng.normal(0, 0.1, m).astype(np.float32))
        for n, m in pairwise(SIZES)
    ]


def _weighted(weight, spikes):
    """Sum the columns of the units that spike, one after the other, as a synapse does."""
    total = np.zeros(len(weight), np.float32)
    for unit in np.flatnonzero(spikes):
        total += weight[:, unit]
    return total


def _twin(weights, trains):
    """Run the recurrence: all layers of a step in turn, each on the spikes of the one before."""
    current_decay, voltage_decay, threshold = DECAY
    state = [[np.zeros(m, np.float32) for _ in range(3)] for m in SIZES[1:]]
    fired, voltages = [], []
    for spikes in trains:
        for k, (weight, bias) in enumerate(weights):
            current, volt, spike = state[k]
            current = current * current_decay + (_weighted(weight, spikes) + bias)
            volt = volt * voltage_decay * (np.float32(1) - spike) + current
            spike = (volt > threshold).astype(np.float32)
            state[k] = [current, volt, spike]
            spikes = spike  # noqa: PLW2901
        fired.append([s[2].astype(bool) for s in state])
        voltages.append([s[1] for s in state])
    return fired, voltages


def test_three_layers_are_the_twin_bit_for_bit_and_cascade_in_one_tick():
    weights = _weights()
    trains = np.random.default_rng(5).random((TICKS, SIZES[0])) < 0.3
    names = ["one", "two", "three"]
    network = Network(
        (Input("in", SIZES[0]),),
        # listed against the flow: the order of the list must not matter
        tuple(
            Population(name, n, "current_lif", {}, {"bias": bias})
            for name, n, (_, bias) in list(zip(names, SIZES[1:], weights, strict=True))[::-1]
        ),
        tuple(
            Projection(source, target, dense(weight))
            for source, target, (weight, _) in zip(["in", *names], names, weights, strict=False)
        ),
    )
    times, units = np.nonzero(trains)

    result = simulate(
        network,
        ticks=TICKS,
        inputs={"in": (times.astype(float), units)},
        watch=names,
        probe=[f"{name}.v" for name in names],
    )

    fired, voltages = _twin(weights, trains)
    for layer, name in enumerate(names):
        spikes = result.spikes[name]
        got = np.zeros((TICKS, SIZES[layer + 1]), bool)
        got[spikes.t_us // 1000, spikes.unit] = True
        assert np.array_equal(got, [f[layer] for f in fired])
        expected = np.array([v[layer] for v in voltages])
        assert np.array_equal(result.probes[f"{name}.v"].view(np.uint32), expected.view(np.uint32))
    assert 20 < result.counts("three").sum() < TICKS * SIZES[-1]


def test_threshold_itself_does_not_fire():
    cells = Population("cells", 1, "current_lif", {"bias": 0.5, "current_decay": 0.0})

    result = simulate(Network(populations=(cells,)), ticks=2, watch=["cells"])

    assert result.spikes["cells"].t_us.tolist() == [1000]


def _slow(x):
    c, v, spike = np.zeros(6), np.zeros(6), np.zeros(6, bool)
    kept = {"fired": [], "v": []}
    for jump in x:
        c = c * 0.5 + jump
        v = np.where(spike, 0.0, v * 0.75) + c
        spike = v > 0.5
        kept["fired"].append(spike)
        kept["v"].append(v)
    return kept


def test_twenty_ticks_are_those_of_the_slow_twin(golden):
    trace = golden("current_lif")

    twin = _slow(trace.x["input"])
    assert np.sum(twin["fired"]) > 5
    trace.agrees(**twin, atol=1e-6)
