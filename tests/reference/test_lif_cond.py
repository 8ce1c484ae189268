"""The neuron with conductances: its potential, Brian2's step, and the network it is made for."""

import numpy as np
import pytest

from neuroloop.network import (
    Input,
    Network,
    Population,
    Projection,
    fixed_probability,
    one_to_one,
)
from neuroloop.runtime.simulate import simulate

C_PF, LEAK_NS, TAU_MS, REST_MV = 200.0, 10.0, 20.0, -60.0
REVERSAL_MV = {"exc": 0.0, "inh": -80.0}


def _response(params, weight, receptor, dt_us, ms=40):
    """Return v and the conductance after each tick of a cell that gets one spike in tick 0."""
    cells = Population("cells", 1, "lif_cond", params)
    link = Projection("in", "cells", one_to_one(1, weight), receptor=receptor)
    result = simulate(
        Network((Input("in", 1),), (cells,), (link,)),
        ticks=ms * 1000 // dt_us,
        dt_us=dt_us,
        inputs={"in": ([0.0], [0])},
        probe=["cells.v", f"cells.{receptor}"],
    )
    return result.probes["cells.v"][:, 0], result.probes[f"cells.{receptor}"][:, 0]


@pytest.mark.parametrize("receptor", ["exc", "inh"])
@pytest.mark.parametrize("tau_s", [2.0, 10.0])
def test_small_response_nears_that_of_a_current_as_the_tick_gets_shorter(receptor, tau_s):
    weight = 0.1  # nS: v moves so little that the driving force stays what it was
    current = weight * (REVERSAL_MV[receptor] - REST_MV)
    worst = []
    for dt_us in (400, 200, 100):
        v, g = _response({f"tau_{receptor}_ms": tau_s}, weight, receptor, dt_us)
        t = np.arange(len(v)) * dt_us * 1e-3
        psp = current / C_PF * (np.exp(-t / TAU_MS) - np.exp(-t / tau_s)) / (1 / tau_s - 1 / TAU_MS)
        np.testing.assert_allclose(g, weight * np.exp(-t / tau_s), rtol=2e-4)
        worst.append(np.abs(v - REST_MV - psp).max() / np.abs(psp).max())

    assert worst[1] < 0.6 * worst[0]
    assert worst[2] < 0.6 * worst[1]
    assert worst[2] < 0.03


def test_f_i_curve_of_a_constant_current_is_the_closed_form_to_the_tick():
    n, dt_ms = 100, 0.1
    drive = np.linspace(110.0, 600.0, n)
    height = drive / LEAK_NS
    exact = TAU_MS / dt_ms * np.log(height / (height - 10.0))
    clear = np.abs(exact - np.rint(exact)) > 5e-3
    cells = Population("cells", n, "lif_cond", {}, {"bias": drive})

    result = simulate(Network(populations=(cells,)), seconds=0.2, dt_us=100, watch=["cells"])

    rise, spikes = np.ceil(exact).astype(int), result.spikes["cells"]
    assert clear.sum() > 80
    for unit in np.flatnonzero(clear):
        ticks = spikes.t_us[spikes.unit == unit] // 100
        wanted = range(rise[unit] - 1, result.ticks, rise[unit] + 50)
        assert ticks.tolist() == list(wanted)


def test_conductances_go_on_while_the_neuron_is_refractory():
    v, _ = _response({"refractory_ms": 2.0}, 300.0, "exc", 100)

    fired = int(np.flatnonzero(np.diff(v) < -5)[0]) + 1
    assert (v[fired : fired + 21] == REST_MV).all()
    assert v[fired + 21] > REST_MV


def test_threshold_itself_fires():
    at, below = (
        simulate(
            Network(populations=(Population("cells", 1, "lif_cond", params),)),
            ticks=1,
            watch=["cells"],
        ).total_spikes
        for params in ({"v_rest_mv": -50.0}, {"v_rest_mv": -50.00001})
    )

    assert (at, below) == (1, 0)


@pytest.mark.parametrize("weight", [1e7, -1e7])
def test_no_weight_makes_anything_but_numbers(weight):
    v, g = _response({}, weight, "exc", 1000)

    assert np.isfinite(v).all()
    assert (g >= 0).all()


def _twin(x_exc, x_inh):
    """Take Brian2's ``exponential_euler`` step; conductances as parts of the leak.

    dv/dt = A v + B with A, B of the tick's start; v = -B/A + (v + B/A) exp(A dt).
    """
    v, g_exc, g_inh, left = np.full(6, -60.0), np.zeros(6), np.zeros(6), np.zeros(6)
    kept = {"fired": [], "v": [], "exc": [], "inh": []}
    for up, down in zip(x_exc / LEAK_NS, x_inh / LEAK_NS, strict=True):
        a = -(1 + g_exc + g_inh) / TAU_MS
        b = (g_exc * 0.0 + g_inh * -80.0 - 60.0) / TAU_MS
        moved = -b / a + (v + b / a) * np.exp(a)
        g_exc, g_inh = g_exc * np.exp(-1 / 5.0) + up, g_inh * np.exp(-1 / 10.0) + down
        value = np.where(left > 0, -60.0, moved)
        spike = (value >= -50.0) & (left <= 0)
        v = np.where(spike, -60.0, value)
        left = np.where(spike, 5, np.maximum(left - 1, 0))
        for name, array in (("fired", spike), ("v", v), ("exc", g_exc), ("inh", g_inh)):
            kept[name].append(array * LEAK_NS if name in REVERSAL_MV else array)
    return kept


def test_twenty_ticks_are_those_of_the_slow_twin(golden):
    trace = golden("lif_cond")

    twin = _twin(trace.x["exc"], trace.x["inh"])
    assert np.sum(twin["fired"]) > 5
    trace.agrees(**twin, atol=5e-5)


def test_balanced_network_of_vogels_and_abbott_fires_as_in_other_simulators():
    n_exc, n_inh = 3200, 800
    start = np.random.default_rng(1).uniform(-60.0, -50.0, n_exc + n_inh)
    drive = {"bias_pa": 200.0}
    cells = tuple(
        Population(name, n, "lif_cond", drive, {"v": v})
        for name, n, v in (("exc", n_exc, start[:n_exc]), ("inh", n_inh, start[n_exc:]))
    )
    sizes, weight = {"exc": n_exc, "inh": n_inh}, {"exc": 6.0, "inh": 67.0}
    links = tuple(
        Projection(
            *(a, b, fixed_probability(sizes[a], sizes[b], 0.02, weight[a], seed=k), 0.1),
            receptor=a,
        )
        for k, (a, b) in enumerate([(a, b) for a in sizes for b in sizes])
    )

    result = simulate(Network((), cells, links), seconds=0.5, dt_us=100, watch=["exc", "inh"])

    # Brian2 and NEST: 19 to 24 Hz, whatever the seed
    assert 17 < result.total_spikes / 4000 / 0.5 < 27
