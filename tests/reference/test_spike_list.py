"""The source that fires at given times."""

import numpy as np
import pytest

from neuroloop.core.errors import ConfigError
from neuroloop.network import Network, Population, load, save
from neuroloop.runtime.simulate import Simulator, simulate


def _network(times, unit, n=4):
    arrays = {"times_ms": times, "unit": unit}
    return Network(populations=(Population("cue", n, "spike_list", arrays=arrays),))


def _fired(network, **options):
    spikes = simulate(network, **{"ticks": 30, "watch": ["cue"], **options}).spikes["cue"]
    return list(zip(spikes.t_us.tolist(), spikes.unit.tolist(), strict=True))


def test_every_spike_fires_in_the_tick_that_holds_it_in_any_order():
    network = _network([20.0, 5.999, 0.0, 6.0, 5.0, 100.0], [3, 1, 0, 1, 2, 0])

    assert _fired(network) == [(0, 0), (5000, 1), (5000, 2), (6000, 1), (20000, 3)]


def test_tenths_of_a_millisecond_are_not_rounded_down():
    times = np.arange(30) * 0.1

    fired = _fired(_network(times, np.zeros(30)), dt_us=100)

    assert fired == [(100 * k, 0) for k in range(30)]


def test_a_unit_fires_once_a_tick():
    assert _fired(_network([2.0, 2.0, 2.5, 3.0], [1, 1, 1, 1])) == [(2000, 1), (3000, 1)]


def test_without_times_it_is_silent():
    assert _fired(Network(populations=(Population("cue", 3, "spike_list"),))) == []


def test_snapshot_continues_the_list():
    rng = np.random.default_rng(0)
    network = _network(rng.random(200) * 50, rng.integers(0, 4, 200))
    simulator, other = Simulator(network, watch=["cue"]), Simulator(network, watch=["cue"])
    simulator.run(20)
    state = simulator.snapshot()
    rest = simulator.run(40)["cue"]

    other.run(3)
    other.restore(state)
    again = other.run(40)["cue"]

    assert len(rest.unit) > 50
    np.testing.assert_array_equal(again.t_us, rest.t_us)
    np.testing.assert_array_equal(again.unit, rest.unit)


def test_silenced_units_do_not_fire():
    simulator = Simulator(_network([1.0, 1.0], [0, 1]), watch=["cue"])
    simulator.edit("cue.silent", [1, 0, 0, 0])

    assert simulator.run(5)["cue"].unit.tolist() == [1]


def test_times_are_kept_in_a_network_file(tmp_path):
    network = _network([3.0, 1.0], [1, 0])
    save(network, tmp_path / "net.nnet")

    assert _fired(load(tmp_path / "net.nnet")) == _fired(network) == [(1000, 0), (3000, 1)]


@pytest.mark.parametrize(
    ("times", "unit", "words"),
    [
        ([1.0, 2.0], [0], "times_ms has 2 spikes and unit has 1"),
        ([-1.0], [0], "a spike at -1 ms; a run starts at 0"),
        ([1.0], [4], "unit: 4; units are whole numbers from 0 to 3"),
        ([1.0], [0.5], "unit: 0.5; units are whole"),
        ([np.inf], [0], "times_ms holds a number that is not finite"),
        (["late"], [0], "times_ms does not fit float64"),
    ],
)
def test_impossible_lists_are_refused_in_words(times, unit, words):
    with pytest.raises(ConfigError, match=rf'population "cue": .*{words}'):
        _fired(_network(times, unit))


def test_twenty_ticks_are_the_list(golden):
    fired = np.zeros((20, 6), bool)
    for tick, unit in ((3, 1), (0, 0), (7, 5), (8, 5), (19, 2), (4, 3)):
        fired[tick, unit] = True

    golden("spike_list").agrees(fired)
