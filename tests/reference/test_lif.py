"""The leaky integrate-and-fire neuron against its closed form."""

import math

import numpy as np
import pytest

from neuroloop.network import Input, Network, Population, Projection, one_to_one
from neuroloop.runtime.simulate import simulate

TAU_MS, N = 20.0, 200


def _spike_ticks(result, unit, dt_us):
    spikes = result.spikes["cells"]
    return spikes.t_us[spikes.unit == unit] // dt_us


def _ticks_to_threshold(drive, threshold, dt_ms):
    """Return after how many ticks v = drive (1 - exp(-t / tau)) reaches the threshold, exact."""
    return TAU_MS / dt_ms * np.log(drive / (drive - threshold))


@pytest.mark.parametrize("dt_us", [100, 1000])
@pytest.mark.parametrize("refractory_ms", [0.0, 3.0])
def test_f_i_curve_is_the_closed_form_to_the_tick(dt_us, refractory_ms):
    drive = np.linspace(1.05, 6.0, N)
    exact = _ticks_to_threshold(drive, 1.0, dt_us * 1e-3)
    clear = np.abs(exact - np.rint(exact)) > 1e-3  # float32 cannot decide the others
    cells = Population(
        "cells",
        N,
        "lif",
        {"tau_m_ms": TAU_MS, "refractory_ms": refractory_ms},
        {"bias": drive},
    )

    result = simulate(Network(populations=(cells,)), seconds=0.3, dt_us=dt_us, watch=["cells"])

    assert clear.sum() > 150
    rise = np.ceil(exact).astype(int)
    interval = rise + round(refractory_ms * 1e3 / dt_us)
    for unit in np.flatnonzero(clear):
        expected = np.arange(rise[unit] - 1, result.ticks, interval[unit])
        assert _spike_ticks(result, unit, dt_us).tolist() == expected.tolist()


def test_below_threshold_v_settles_at_the_drive_and_never_fires():
    cells = Population("cells", 1, "lif", {"tau_m_ms": TAU_MS, "bias": 0.99, "v_rest": 0.0})

    result = simulate(Network(populations=(cells,)), ticks=400, watch=["cells"], probe=["cells.v"])

    t_ms = np.arange(1, 401)
    expected = 0.99 * (1 - np.exp(-t_ms / TAU_MS))
    assert result.counts("cells")[0] == 0
    np.testing.assert_allclose(result.probes["cells.v"][:, 0], expected, rtol=2e-6)


def _kicked(params, weights, ticks=12, n=1):
    """Run a cell that is kicked by ``weights[k]`` in tick k."""
    network = Network(
        (Input("in", len(weights)),),
        (Population("cells", n, "lif", params),),
        (
            Projection(
                "in",
                "cells",
                pairs_to_one(weights),
            ),
        ),
    )
    inputs = {"in": (np.arange(len(weights), dtype=float), np.arange(len(weights)))}
    return simulate(network, ticks=ticks, inputs=inputs, watch=["cells"], probe=["cells.v"])


def pairs_to_one(weights):
    from neuroloop.network import pairs

    return pairs(np.arange(len(weights)), np.zeros(len(weights), int), weights)


def test_hard_reset_forgets_what_was_above_threshold():
    result = _kicked({"v_threshold": 1.0, "v_reset": -0.5}, [1.75])

    assert _spike_ticks(result, 0, 1000).tolist() == [0]
    assert result.probes["cells.v"][0, 0] == np.float32(-0.5)


def test_subtractive_reset_keeps_what_was_above_threshold():
    result = _kicked({"v_threshold": 1.0, "v_reset": 0.25, "reset": "subtract"}, [1.75])

    # down by v_threshold - v_reset
    assert result.probes["cells.v"][0, 0] == np.float32(1.75 - 0.75)
    decay = math.exp(-1 / 20.0)
    assert result.probes["cells.v"][1, 0] == pytest.approx(1.0 * decay, rel=1e-6)


def test_refractory_neuron_is_held_and_its_input_is_lost():
    result = _kicked({"refractory_ms": 3.0}, [2.0, 2.0, 2.0, 2.0, 2.0])

    assert _spike_ticks(result, 0, 1000).tolist() == [0, 4]
    assert (result.probes["cells.v"][:4] == 0).all()


def test_threshold_itself_fires():
    assert _kicked({}, [1.0]).counts("cells")[0] == 1
    assert _kicked({}, [np.nextafter(np.float32(1.0), np.float32(0))]).counts("cells")[0] == 0


def test_first_values_of_arrays_are_taken():
    cells = Population("cells", 3, "lif", {}, {"v": [0.0, 0.5, 1.5]})
    link = Projection("in", "cells", one_to_one(3))
    network = Network((Input("in", 3),), (cells,), (link,))

    result = simulate(network, ticks=1, watch=["cells"])

    assert result.spikes["cells"].unit.tolist() == [2]


def _twin(x):
    v, kept = np.zeros(6), {"fired": [], "v": []}
    for jump in x:
        v = v * math.exp(-1 / TAU_MS) + jump
        spike = v >= 1.0
        v = np.where(spike, 0.0, v)
        kept["fired"].append(spike)
        kept["v"].append(v)
    return kept


def test_twenty_ticks_are_those_of_the_slow_twin(golden):
    trace = golden("lif")

    twin = _twin(trace.x["input"])
    assert np.sum(twin["fired"]) > 5
    trace.agrees(**twin, atol=1e-6)
