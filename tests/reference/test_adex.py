"""The adaptive exponential neuron: what it is known to do, and a slow integration of it."""

import numpy as np
import pytest

from neuroloop.network import Input, Network, Population, Projection, one_to_one
from neuroloop.runtime.simulate import simulate

PAPER = {"c": 281.0, "g": 30.0, "rest": -70.6, "vt": -50.4, "dt": 2.0, "tau_w": 144.0}


def _driven(params, drive, seconds=0.5, dt_us=100, probe=()):
    cells = Population("cells", len(drive), "adex", params, {"bias": np.asarray(drive)})
    network = Network(populations=(cells,))
    return simulate(network, seconds=seconds, dt_us=dt_us, watch=["cells"], probe=list(probe))


def _times_ms(result, unit=0):
    spikes = result.spikes["cells"]
    return spikes.t_us[spikes.unit == unit] * 1e-3


def _fine(drive, ms, v_reset=-70.6, b=80.5, tau_w=144.0):
    """Integrate by Euler's method in double precision with steps of 5 us; returns spike times."""
    p, h, v, w, times = PAPER, 0.005, -70.6, 0.0, []
    for k in range(round(ms / h)):
        up = p["g"] * p["dt"] * np.exp(min((v - p["vt"]) / p["dt"], 30.0))
        dv = (-p["g"] * (v - p["rest"]) + up - w + drive) / p["c"]
        w += h * (4.0 * (v - p["rest"]) - w) / tau_w
        v += h * dv
        if v >= 20.0:
            v, w = v_reset, w + b
            times.append(k * h)
    return np.array(times)


def test_below_threshold_it_settles_where_its_currents_balance_and_never_fires():
    result = _driven({}, [0.0, 300.0], 2.0, 1000, ["cells.v", "cells.w"])

    v, w = result.probes["cells.v"][-1].astype(float), result.probes["cells.w"][-1]
    assert result.total_spikes == 0
    assert v[0] == pytest.approx(-70.6, abs=1e-3)
    np.testing.assert_allclose(w, 4.0 * (v + 70.6), atol=0.02)
    balance = -30.0 * (v + 70.6) + 60.0 * np.exp((v + 50.4) / 2.0) - w + [0.0, 300.0]
    np.testing.assert_allclose(balance, 0.0, atol=0.05)


def test_regular_firing_slows_down_to_a_steady_rate():
    intervals = np.diff(_times_ms(_driven({}, [1000.0], 2.0)))

    assert intervals[0] < 0.7 * intervals[-1]
    assert (np.diff(intervals) > -0.2).all()
    assert np.ptp(intervals[-5:]) < 0.3


def test_without_adaptation_it_fires_evenly():
    intervals = np.diff(_times_ms(_driven({"a_ns": 0.0, "b_pa": 0.0}, [800.0])))

    assert np.ptp(intervals) < 0.11  # one tick
    assert len(intervals) > 10


def test_high_reset_makes_bursts():
    times = _times_ms(_driven({"v_reset_mv": -47.4, "tau_w_ms": 40.0, "b_pa": 150.0}, [800.0], 1.0))

    intervals = np.diff(times)
    assert intervals.min() < 6.0
    assert intervals.max() > 4 * intervals.min()


@pytest.mark.parametrize(
    ("drive", "params"),
    [(800.0, {}), (1500.0, {}), (800.0, {"v_reset": -47.4, "tau_w": 40.0, "b": 150.0})],
)
@pytest.mark.parametrize("dt_us", [100, 1000])
def test_spike_times_are_those_of_a_fine_integration(drive, params, dt_us):
    names = {"v_reset": "v_reset_mv", "tau_w": "tau_w_ms", "b": "b_pa"}

    times = _times_ms(_driven({names[k]: v for k, v in params.items()}, [drive], 0.3, dt_us))

    fine = _fine(drive, 300.0, **params)
    assert len(times) > 5
    assert abs(len(times) - len(fine)) <= 1
    k = min(len(times), len(fine))
    assert np.abs(times[:k] - fine[:k]).max() < 0.02 * fine[k - 1] + dt_us * 1e-3


@pytest.mark.parametrize("drive", [1e9, -1e9])
def test_nothing_overflows(drive):
    result = _driven({}, [drive], 0.1, 1000, ["cells.v", "cells.w"])

    assert np.isfinite(result.probes["cells.v"]).all()
    assert np.isfinite(result.probes["cells.w"]).all()
    assert result.total_spikes == (100 if drive > 0 else 0)


@pytest.mark.parametrize("dt_us", [100, 1000])
def test_refractory_neuron_is_held_at_the_reset(dt_us):
    params = {"refractory_ms": 4.0, "b_pa": 0.0, "a_ns": 0.0}

    free = _times_ms(_driven({**params, "refractory_ms": 0.0}, [1e6], 0.1, dt_us))
    held = _times_ms(_driven(params, [1e6], 0.1, dt_us))

    assert np.diff(free) == pytest.approx(dt_us * 1e-3)
    # it fires in the first step it is free: of 0.1 ms, in whatever tick that lies
    assert held[-1] / (len(held) - 1) == pytest.approx(4.1, abs=0.05)


def test_input_arrives_at_the_end_of_its_tick_and_decays():
    cells = Population("cells", 1, "adex")
    link = Projection("in", "cells", one_to_one(1, 100.0))
    result = simulate(
        Network((Input("in", 1),), (cells,), (link,)),
        ticks=30,
        inputs={"in": ([0.0], [0])},
        probe=["cells.v", "cells.exc"],
    )

    current = 100.0 * np.exp(-np.arange(30) / 5.0)
    np.testing.assert_allclose(result.probes["cells.exc"][:, 0], current, rtol=1e-5)
    v = result.probes["cells.v"][:, 0]
    assert v[0] == pytest.approx(-70.6, abs=1e-4)
    assert v[1] > v[0] + 0.1


def _twin(x_exc, x_inh):
    """Take ten exponential Euler steps a tick."""
    p, h = PAPER, 0.1
    v, w, e, i = np.full(6, -70.6), np.zeros(6), np.zeros(6), np.zeros(6)
    kept = {"fired": [], "v": [], "w": []}
    for up, down in zip(x_exc, x_inh, strict=True):
        fired = np.zeros(6, bool)
        for _ in range(10):
            steep = np.exp(np.minimum((v - p["vt"]) / p["dt"], 30.0))
            target = p["rest"] + p["dt"] * steep + (e + i - w) / p["g"]
            moved = np.minimum(v + (target - v) * -np.expm1(-h * p["g"] / p["c"]), 20.0)
            w = w + (4.0 * (v - p["rest"]) - w) * -np.expm1(-h / p["tau_w"])
            spike = (moved >= 20.0) & ~fired
            v, w = np.where(spike, -70.6, moved), w + 80.5 * spike
            fired |= spike
            e, i = e * np.exp(-h / 5.0), i * np.exp(-h / 10.0)
        e, i = e + up, i + down
        for name, array in (("fired", fired), ("v", v), ("w", w)):
            kept[name].append(array)
    return kept


def test_twenty_ticks_are_those_of_the_slow_twin(golden):
    trace = golden("adex")

    twin = _twin(trace.x["exc"], trace.x["inh"])
    assert np.sum(twin["fired"]) > 5
    trace.agrees(**twin, atol=2e-2)
