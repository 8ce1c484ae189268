"""The neuron with alpha-shaped currents against the closed form of its potential."""

import math

import numpy as np
import pytest

from neuroloop.network import Input, Network, Population, Projection, one_to_one
from neuroloop.runtime.simulate import simulate

C_PF, TAU_MS, REST_MV = 200.0, 20.0, -60.0


def _response(params, weight, receptor, dt_us, ticks=400):
    """Return v and the current after each tick of a cell that gets one spike in tick 0."""
    membrane = {"tau_m_ms": TAU_MS, "c_m_pf": C_PF, "v_threshold_mv": 1000.0}
    cells = Population("cells", 1, "lif_alpha", {**membrane, **params})
    link = Projection("in", "cells", one_to_one(1, weight), receptor=receptor)
    result = simulate(
        Network((Input("in", 1),), (cells,), (link,)),
        ticks=ticks,
        dt_us=dt_us,
        inputs={"in": ([0.0], [0])},
        probe=["cells.v", f"cells.{receptor}"],
    )
    return result.probes["cells.v"][:, 0], result.probes[f"cells.{receptor}"][:, 0]


def _closed_form(weight, tau_s, t):
    """Return the potential that the current w e/tau t exp(-t/tau) makes, in mV."""
    k = 1 / tau_s - 1 / TAU_MS
    shape = t**2 / 2 if k == 0 else -np.expm1(-k * t) / k**2 - t * np.exp(-k * t) / k
    return weight * math.e / (tau_s * C_PF) * np.exp(-t / TAU_MS) * shape


@pytest.mark.parametrize("dt_us", [100, 1000])
@pytest.mark.parametrize(("receptor", "weight"), [("exc", 300.0), ("inh", -300.0)])
@pytest.mark.parametrize("tau_s", [0.5, 5.0, 19.9, 20.0, 20.1, 60.0])
def test_response_to_a_spike_is_the_closed_form(receptor, weight, tau_s, dt_us):
    v, current = _response({"tau_exc_ms": tau_s, "tau_inh_ms": tau_s}, weight, receptor, dt_us)

    t = np.arange(400) * dt_us * 1e-3  # the spike enters at the end of tick 0
    expected = _closed_form(weight, tau_s, t)
    np.testing.assert_allclose(v - REST_MV, expected, atol=3e-5 * np.abs(expected).max() + 2e-5)
    alpha = weight * t / tau_s * np.exp(1 - t / tau_s)
    np.testing.assert_allclose(current, alpha, atol=2e-5 * abs(weight))


def test_current_peaks_at_the_weight_after_its_time_constant():
    _, current = _response({"tau_exc_ms": 4.0}, 250.0, "exc", 100)

    assert np.argmax(current) == 40
    assert current.max() == pytest.approx(250.0, rel=1e-5)


def test_currents_go_on_while_the_neuron_is_refractory():
    v, _ = _response({"refractory_ms": 2.0, "v_threshold_mv": -50.0}, 6000.0, "exc", 100)

    fired = int(np.flatnonzero(np.diff(v) < -5)[0]) + 1
    assert (v[fired : fired + 21] == REST_MV).all()
    assert v[fired + 21] > REST_MV


def test_threshold_itself_fires():
    at, below = (
        simulate(
            Network(populations=(Population("cells", 1, "lif_alpha", params),)),
            ticks=1,
            watch=["cells"],
        ).total_spikes
        for params in ({"v_rest_mv": -50.0}, {"v_rest_mv": -50.00001})
    )

    assert (at, below) == (1, 0)


def _twin(x_exc, x_inh):
    """Integrate with matrix exponentials of (rise, current, v), by their series."""
    a = np.array([[-1 / 2, 0, 0], [1, -1 / 2, 0], [0, 1 / C_PF, -1 / TAU_MS]])
    step, term = np.eye(3), np.eye(3)
    for k in range(1, 40):
        term = term @ a / k
        step += term
    # each receptor's share of v - v_rest in its last row
    exc, inh, left = np.zeros((3, 6)), np.zeros((3, 6)), np.zeros(6)
    v, e, fired = [], [], []
    for up, down in zip(x_exc, x_inh, strict=True):
        exc, inh = step @ exc, step @ inh
        exc[0] += up * math.e / 2
        inh[0] += down * math.e / 2
        held = left > 0
        exc[2][held] = inh[2][held] = 0
        spike = (exc[2] + inh[2] >= 10) & ~held
        exc[2][spike] = inh[2][spike] = 0
        left = np.where(spike, 5, np.maximum(left - 1, 0))
        v.append(exc[2] + inh[2] + REST_MV)
        e.append(exc[1].copy())
        fired.append(spike)
    return fired, v, e


def test_twenty_ticks_are_those_of_the_slow_twin(golden):
    trace = golden("lif_alpha")

    fired, v, exc = _twin(trace.x["exc"], trace.x["inh"])
    assert np.sum(fired) > 5
    trace.agrees(fired, v=v, exc=exc, atol=2e-4)
