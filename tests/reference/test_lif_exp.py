"""The neuron with exponential synapses against the closed form of its potential."""

import numpy as np
import pytest

from neuroloop.network import Input, Network, Population, Projection, one_to_one
from neuroloop.runtime.simulate import simulate

C_PF, TAU_MS, REST_MV = 200.0, 20.0, -60.0
MEMBRANE = {"tau_m_ms": TAU_MS, "c_m_pf": C_PF, "v_threshold_mv": 1000.0}


def _response(params, weight, receptor, dt_us, ticks=400):
    """Return v after each tick of a cell that gets one spike in tick 0."""
    cells = Population("cells", 1, "lif_exp", {**MEMBRANE, **params})
    link = Projection("in", "cells", one_to_one(1, weight), receptor=receptor)
    network = Network((Input("in", 1),), (cells,), (link,))
    result = simulate(
        network, ticks=ticks, dt_us=dt_us, inputs={"in": ([0.0], [0])}, probe=["cells.v"]
    )
    return result.probes["cells.v"][:, 0]


def _closed_form(weight, tau_s, t_ms):
    """Return the potential that a current of ``weight`` pA, decaying with tau_s, makes, in mV."""
    if tau_s == TAU_MS:
        return weight / C_PF * t_ms * np.exp(-t_ms / TAU_MS)
    rates = 1 / tau_s - 1 / TAU_MS
    return weight / C_PF * (np.exp(-t_ms / TAU_MS) - np.exp(-t_ms / tau_s)) / rates


@pytest.mark.parametrize("dt_us", [100, 1000])
@pytest.mark.parametrize(("receptor", "weight"), [("exc", 300.0), ("inh", -300.0), ("", 300.0)])
@pytest.mark.parametrize("tau_s", [0.5, 5.0, 19.99, 20.0, 20.01, 60.0])
def test_response_to_a_spike_is_the_closed_form(receptor, weight, tau_s, dt_us):
    params = {"tau_exc_ms": tau_s, "tau_inh_ms": tau_s}

    v = _response(params, weight, receptor, dt_us)

    t_ms = np.arange(400) * dt_us * 1e-3  # the spike enters at the end of tick 0
    expected = _closed_form(weight, tau_s, t_ms)
    np.testing.assert_allclose(v - REST_MV, expected, atol=3e-5 * np.abs(expected).max() + 2e-5)


@pytest.mark.parametrize("dt_us", [100, 500])
def test_f_i_curve_of_a_constant_current_is_the_closed_form_to_the_tick(dt_us):
    n, dt_ms = 100, dt_us * 1e-3
    current = np.linspace(110.0, 600.0, n)
    height = current * TAU_MS / C_PF
    exact = TAU_MS / dt_ms * np.log(height / (height - 10.0))
    clear = np.abs(exact - np.rint(exact)) > 2e-3
    cells = Population("cells", n, "lif_exp", {}, {"bias": current})

    result = simulate(Network(populations=(cells,)), seconds=0.3, dt_us=dt_us, watch=["cells"])

    rise = np.ceil(exact).astype(int)
    interval = rise + round(5.0 / dt_ms)
    spikes = result.spikes["cells"]
    assert clear.sum() > 80
    for unit in np.flatnonzero(clear):
        ticks = spikes.t_us[spikes.unit == unit] // dt_us
        assert ticks.tolist() == list(range(rise[unit] - 1, result.ticks, interval[unit]))


def test_currents_go_on_while_the_neuron_is_refractory():
    strong = _response({"refractory_ms": 2.0, "v_threshold_mv": -50.0}, 6000.0, "exc", 100)

    fired = int(np.flatnonzero(np.diff(strong) < -5)[0]) + 1
    assert (strong[fired : fired + 21] == REST_MV).all()
    assert strong[fired + 21] > REST_MV


def test_threshold_itself_fires():
    at, below = (
        simulate(
            Network(populations=(Population("cells", 1, "lif_exp", params),)),
            ticks=1,
            watch=["cells"],
        ).total_spikes
        for params in ({"v_rest_mv": -50.0}, {"v_rest_mv": -50.00001})
    )

    assert (at, below) == (1, 0)


def _twin(x_exc):
    v, exc, left, kept = np.full(6, REST_MV), np.zeros(6), np.zeros(6), {"fired": [], "v": []}
    for up in x_exc:
        t = 1.0
        made = exc / C_PF * (np.exp(-t / TAU_MS) - np.exp(-t / 5.0)) / (1 / 5.0 - 1 / TAU_MS)
        moved = REST_MV + (v - REST_MV) * np.exp(-t / TAU_MS) + made
        value = np.where(left > 0, REST_MV, moved)
        spike = (value >= -50.0) & (left <= 0)
        v = np.where(spike, REST_MV, value)
        left = np.where(spike, 5, np.maximum(left - 1, 0))
        exc = exc * np.exp(-t / 5.0) + up
        kept["fired"].append(spike)
        kept["v"].append(v)
    return kept


def test_twenty_ticks_are_those_of_the_slow_twin(golden):
    trace = golden("lif_exp")

    twin = _twin(trace.x["exc"])
    assert np.sum(twin["fired"]) > 5
    trace.agrees(**twin, atol=5e-5)
