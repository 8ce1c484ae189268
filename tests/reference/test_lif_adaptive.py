"""The neuron whose threshold rises with each spike."""

import numpy as np
import pytest

from neuroloop.network import Input, Network, Population, Projection, one_to_one
from neuroloop.runtime.simulate import simulate

TAU_MS, TAU_THETA_MS = 20.0, 200.0


def _driven(kind, params, drive, ticks=600):
    cells = Population("cells", len(drive), kind, params, {"bias": drive})
    probe = ["cells.v"] + (["cells.theta"] if kind == "lif_adaptive" else [])
    network = Network(populations=(cells,))
    return simulate(network, ticks=ticks, watch=["cells"], probe=probe)


def _times(result, unit=0):
    spikes = result.spikes["cells"]
    return spikes.t_us[spikes.unit == unit] // 1000


@pytest.mark.parametrize("reset", ["hard", "subtract"])
def test_without_a_jump_it_is_the_plain_neuron(reset):
    drive, params = np.linspace(0.5, 8.0, 50), {"reset": reset, "refractory_ms": 2.0}

    plain = _driven("lif", params, drive)
    adaptive = _driven("lif_adaptive", {**params, "theta_jump": 0.0}, drive)

    assert plain.total_spikes > 100
    np.testing.assert_array_equal(adaptive.probes["cells.v"], plain.probes["cells.v"])


def test_theta_is_the_sum_of_its_jumps_each_decayed():
    result = _driven("lif_adaptive", {"theta_jump": 0.3}, np.array([3.0]))

    t, fired = np.arange(600), _times(result)
    since = t[:, None] - fired
    theta = (0.3 * np.exp(-since / TAU_THETA_MS) * (since >= 0)).sum(axis=1)
    np.testing.assert_allclose(result.probes["cells.theta"][:, 0], theta, rtol=2e-5)


def test_intervals_grow_to_that_of_the_settled_threshold():
    result = _driven("lif_adaptive", {"theta_jump": 0.05}, np.array([4.0]), ticks=3000)

    intervals = np.diff(_times(result))
    last = intervals[-20:].mean()
    theta = 0.05 / np.expm1(last / TAU_THETA_MS)  # before a spike, when jumps and decay balance
    closed = TAU_MS * np.log(4.0 / (4.0 - 1.0 - theta))
    assert intervals[0] < 0.6 * last
    assert last == pytest.approx(closed, abs=1.0)  # a spike waits for the end of its tick


def test_threshold_itself_fires():
    at, below = (
        simulate(
            Network(populations=(Population("cells", 1, "lif_adaptive", params),)),
            ticks=1,
            watch=["cells"],
        ).total_spikes
        for params in (
            {"v_rest": 1.0},
            {"v_rest": float(np.nextafter(np.float32(1.0), np.float32(0)))},
        )
    )

    assert (at, below) == (1, 0)


def test_subtractive_reset_keeps_what_was_above_the_risen_threshold():
    params = {"theta": [0.5]}
    cells = Population("cells", 1, "lif_adaptive", {"reset": "subtract", "v_reset": 0.25}, params)
    link = Projection("in", "cells", one_to_one(1, 2.0))
    network = Network((Input("in", 1),), (cells,), (link,))

    result = simulate(
        network, ticks=1, inputs={"in": ([0.0], [0])}, probe=["cells.v", "cells.theta"]
    )

    theta = 0.5 * np.exp(-1 / TAU_THETA_MS)
    assert result.probes["cells.v"][0, 0] == pytest.approx(2.0 - (1.0 + theta) + 0.25, rel=1e-6)
    assert result.probes["cells.theta"][0, 0] == pytest.approx(theta + 0.1, rel=1e-6)


def test_refractory_neuron_is_held_its_input_lost_while_theta_goes_on():
    cells = Population("cells", 1, "lif_adaptive", {"refractory_ms": 3.0, "v_reset": -0.5})
    link = Projection("in", "cells", one_to_one(1, 2.0))
    inputs = {"in": (np.arange(5.0), np.zeros(5, int))}

    result = simulate(
        Network((Input("in", 1),), (cells,), (link,)),
        ticks=5,
        inputs=inputs,
        watch=["cells"],
        probe=["cells.v", "cells.theta"],
    )

    assert _times(result).tolist() == [0, 4]
    assert (result.probes["cells.v"][:4] == -0.5).all()
    assert (np.diff(result.probes["cells.theta"][:4, 0]) < 0).all()


def _twin(x):
    v, theta, left = np.zeros(6), np.zeros(6), np.zeros(6)
    kept = {"fired": [], "v": [], "theta": []}
    for jump in x:
        theta = theta * np.exp(-1 / TAU_THETA_MS)
        value = np.where(left > 0, v, v * np.exp(-1 / TAU_MS) + jump)
        over = value - (1.0 + theta)
        spike = (over >= 0) & (left <= 0)
        v = np.where(spike, over, value)
        theta = theta + 0.1 * spike
        left = np.where(spike, 1, np.maximum(left - 1, 0))
        for name, array in (("fired", spike), ("v", v), ("theta", theta)):
            kept[name].append(array)
    return kept


def test_twenty_ticks_are_those_of_the_slow_twin(golden):
    trace = golden("lif_adaptive")

    twin = _twin(trace.x["input"])
    assert np.sum(twin["fired"]) > 5
    trace.agrees(**twin, atol=1e-6)
