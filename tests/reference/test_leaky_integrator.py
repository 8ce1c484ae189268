"""The leaky integrator against its closed form, and as a source of values."""

import numpy as np
import pytest

from neuroloop.core.errors import ConfigError
from neuroloop.network import Input, Network, Population, Projection, one_to_one
from neuroloop.runtime.simulate import simulate

TAU_MS = 20.0


def _run(link, ticks=100, dt_us=1000, spikes=None, **params):
    """Return v of a cell that gets one spike a tick, or those at ``spikes``."""
    cell = Population("cell", 1, "leaky_integrator", params)
    times = np.arange(ticks) * dt_us * 1e-3 if spikes is None else np.asarray(spikes, float)
    probes = simulate(
        Network((Input("in", 1),), (cell,), (link,)),
        ticks=ticks,
        dt_us=dt_us,
        inputs={"in": (times, np.zeros(len(times), int))},
        probe=["cell.v", "cell.value"],
    ).probes
    np.testing.assert_array_equal(probes["cell.v"], probes["cell.value"])
    return probes["cell.v"][:, 0]


@pytest.mark.parametrize("dt_us", [100, 1000])
def test_step_response_is_the_closed_form_whatever_the_tick(dt_us):
    link = Projection("in", "cell", one_to_one(1, 3.0), receptor="drive")

    v = _run(link, ticks=300, dt_us=dt_us, v_rest=-1.0, bias=0.5)

    t = np.arange(1, 301) * dt_us * 1e-3
    np.testing.assert_allclose(v, -1.0 + 3.5 * -np.expm1(-t / TAU_MS), rtol=2e-5, atol=2e-6)


def test_jump_moves_it_at_once_and_decays():
    v = _run(Projection("in", "cell", one_to_one(1, 2.0), receptor="jump"), spikes=[3.0])

    t = np.arange(100) - 3.0
    np.testing.assert_allclose(v, np.where(t < 0, 0, 2.0 * np.exp(-t / TAU_MS)), rtol=2e-5)


def _chained(**link):
    cells = tuple(
        Population(name, 1, "leaky_integrator", {"tau_ms": tau}, {"v": v})
        for name, tau, v in (("one", TAU_MS, [2.0]), ("two", 1e-3, [0.0]))
    )
    return Network((), cells, (Projection("one", "two", one_to_one(1, 0.5), **link),))


def test_its_value_is_carried_to_others_in_the_same_tick():
    network = _chained(receptor="jump", kind="value")

    v = simulate(network, ticks=20, probe=["two.v"]).probes["two.v"][:, 0]

    np.testing.assert_allclose(v, np.exp(-np.arange(1, 21) / TAU_MS), rtol=1e-5)


def test_a_population_of_values_has_no_spikes_to_carry():
    with pytest.raises(ConfigError, match='"one" gives values, and kind static carries spikes'):
        simulate(_chained(kind="static"), ticks=1)


def test_twenty_ticks_are_those_of_the_slow_twin(golden):
    trace = golden("leaky_integrator")

    v, value = np.zeros(6), []
    for drive, jump in zip(trace.x["drive"], trace.x["jump"], strict=True):
        target = 0.1 + drive
        v = target + (v - target) * np.exp(-1 / TAU_MS) + jump
        value.append(v)
    trace.agrees(np.zeros((20, 6), bool), value=value, atol=2e-6)
