"""The neuron without a leak: it counts."""

import numpy as np
import pytest

from neuroloop.network import Input, Network, Population, Projection, one_to_one
from neuroloop.runtime.simulate import simulate


def _driven(params, drive, ticks, dt_us=1000):
    cells = Population("cells", len(drive), "integrate_and_fire", params, {"bias": drive})
    network = Network(populations=(cells,))
    return simulate(network, ticks=ticks, dt_us=dt_us, watch=["cells"], probe=["cells.v"])


def _kicked(params, weight, ticks):
    """Run a cell that is kicked by the same weight in every tick."""
    cells = Population("cells", 1, "integrate_and_fire", params)
    link = Projection("in", "cells", one_to_one(1, weight))
    inputs = {"in": (np.arange(float(ticks)), np.zeros(ticks, int))}
    network = Network((Input("in", 1),), (cells,), (link,))
    return simulate(network, ticks=ticks, inputs=inputs, watch=["cells"], probe=["cells.v"])


def _times(result, unit=0):
    spikes = result.spikes["cells"]
    return spikes.t_us[spikes.unit == unit] // result.dt_us


@pytest.mark.parametrize("dt_us", [100, 1000])
def test_rate_of_the_subtractive_reset_is_that_of_a_rectified_linear_unit(dt_us):
    drive = np.arange(-8, 17) / 32  # a millisecond; in sixteenths of a tick nothing is rounded
    ticks = 160_000 // dt_us

    counts = _driven({"reset": "subtract"}, drive, ticks, dt_us).counts("cells")

    wanted = np.maximum(drive * 160, 0)
    assert np.abs(counts - wanted).max() <= (0 if dt_us == 1000 else 1)


def test_hard_reset_forgets_what_was_above_threshold():
    result = _kicked({"v_reset": 0.25}, 0.625, 6)

    assert _times(result).tolist() == [1, 3, 5]
    assert result.probes["cells.v"][:, 0].tolist() == [0.875, 0.25, 0.875, 0.25, 0.875, 0.25]


def test_nothing_leaks_and_the_threshold_itself_fires():
    result = _kicked({"v_threshold": 3.0}, 0.5, 6)

    assert result.probes["cells.v"][:5, 0].tolist() == [0.5, 1.0, 1.5, 2.0, 2.5]
    assert _times(result).tolist() == [5]


def test_refractory_neuron_is_held_and_its_input_is_lost():
    result = _kicked({"refractory_ms": 3.0, "reset": "subtract"}, 1.25, 6)

    assert _times(result).tolist() == [0, 4]
    assert (result.probes["cells.v"][:4] == 0.25).all()


def _twin(x):
    v, kept = np.zeros(6), {"fired": [], "v": []}
    for jump in x:
        v = v + 0.05 + jump
        spike = v >= 1.0
        v = v - spike
        kept["fired"].append(spike)
        kept["v"].append(v)
    return kept


def test_twenty_ticks_are_those_of_the_slow_twin(golden):
    trace = golden("integrate_and_fire")

    twin = _twin(trace.x["input"])
    assert np.sum(twin["fired"]) > 5
    trace.agrees(**twin, atol=2e-6)
