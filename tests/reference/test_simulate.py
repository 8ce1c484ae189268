"""Off-line runs: what goes in, what comes out, what is refused."""

import subprocess
import sys

import numpy as np
import pytest

import neuroloop
from neuroloop.core.errors import ConfigError, MachineError
from neuroloop.core.values import Spikes
from neuroloop.network import Input, Network, Population, Projection, one_to_one
from neuroloop.runtime.simulate import Simulator, simulate


def _relay(n=3, weight=1.5, delay_ms=0.0):
    link = Projection("in", "cell", one_to_one(n, weight), delay_ms)
    return Network((Input("in", n),), (Population("cell", n),), (link,))


def test_package_imports_without_numba_and_names_what_it_offers():
    code = (
        "import sys, neuroloop; assert not {'numba', 'numpy'} & set(sys.modules);"
        "neuroloop.simulate, neuroloop.Network, neuroloop.__version__; print(dir(neuroloop))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert "simulate" in done.stdout
    assert neuroloop.simulate is simulate
    with pytest.raises(AttributeError, match="nothing"):
        neuroloop.nothing  # noqa: B018


def test_spikes_of_either_form_enter_the_tick_that_holds_them():
    as_pair = {"in": ([0.0, 1.999, 2.0], [2, 1, 0])}
    as_spikes = {"in": Spikes(np.int64([2000, 0, 1999]), np.uint32([0, 2, 1]))}

    for inputs in (as_pair, as_spikes):
        spikes = simulate(_relay(), ticks=4, inputs=inputs, watch=["cell"]).spikes["cell"]
        assert spikes.t_us.tolist() == [0, 1000, 2000]
        assert spikes.unit.tolist() == [2, 1, 0]


def test_inputs_can_be_watched_too():
    result = simulate(_relay(), ticks=3, inputs={"in": ([1.0], [2])}, watch=["in"])

    assert result.spikes["in"].t_us.tolist() == [1000]
    assert result.counts("in").tolist() == [0, 0, 1]


def test_value_of_a_spike_counts_it_so_often_even_beyond_one_a_unit():
    graded = Spikes(np.int64([0, 0]), np.uint32([1, 1]), np.int32([4, 3]))

    result = simulate(
        _relay(weight=0.125), ticks=1, inputs={"in": graded}, probe=["cell.v"], watch=["in"]
    )

    assert result.probes["cell.v"][0, 1] == 7 * 0.125
    assert result.counts("in")[1] == 7


def test_spikes_at_or_after_the_end_are_not_used():
    result = simulate(
        _relay(), ticks=5, inputs={"in": ([4.999, 5.0, 9.0], [0, 1, 2])}, watch=["in"]
    )

    assert result.counts("in").tolist() == [1, 0, 0]


def test_result_adds_up():
    inputs = {"in": (np.repeat(np.arange(10.0), 3), np.tile(np.arange(3), 10))}

    result = simulate(_relay(), seconds=0.01, dt_us=500, inputs=inputs, watch=["cell"])

    assert result.ticks == 20
    assert result.seconds == pytest.approx(0.01)
    assert result.synaptic_operations == 30
    assert result.total_spikes == result.counts("cell").sum() == 30
    assert result.rates_hz("cell").tolist() == [1000.0] * 3
    times = result.tick_times
    assert 0 < times.median_us <= times.p99_us <= times.longest_us <= times.total_s * 1e6


def test_probes_show_what_is_there_after_each_tick():
    result = simulate(
        _relay(weight=0.5), ticks=3, inputs={"in": ([1.0], [1])}, probe=["cell.v", "in.spikes"]
    )

    assert result.probes["cell.v"].shape == (3, 3)
    assert result.probes["cell.v"][:, 1].tolist() == [0.0, 0.5, np.float32(0.5 * np.exp(-0.05))]
    assert result.probes["in.spikes"][:, 0].tolist() == [0, 1, 0]


def test_progress_goes_to_the_end():
    seen = []

    simulate(_relay(), ticks=1000, progress=lambda done, total: seen.append((done, total)))

    assert seen[-1] == (1000, 1000)
    assert seen == sorted(seen)
    assert 100 <= len(seen) <= 400


def test_stepping_by_hand_is_the_same_as_a_whole_run():
    rng = np.random.default_rng(0)
    times, units = np.sort(rng.integers(0, 50, 60)), rng.integers(0, 3, 60)
    whole = simulate(_relay(), ticks=50, inputs={"in": (times * 1.0, units)}, watch=["cell"])
    # more than one spike of a unit in a tick needs the room
    simulator = Simulator(_relay(), watch=["cell"], room={"in": 60})

    fired = [simulator.step({"in": units[times == k]})["cell"] for k in range(50)]

    assert np.concatenate(fired).tolist() == whole.spikes["cell"].unit.tolist()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"ticks": None}, "either seconds or ticks"),
        ({"seconds": 1.0}, "either seconds or ticks"),
        ({"ticks": 0}, "at least one"),
        ({"dt_us": 0}, "dt_us is 0"),
        ({"watch": ["cel"]}, 'no population "cel" .did you mean "cell"'),
        ({"probe": ["cell.w"]}, 'no field "cell.w" .did you mean "cell.v"'),
        ({"inputs": {"inn": ([0.0], [0])}}, 'no input "inn" .did you mean "in"'),
        ({"inputs": {"in": ([0.0], [3])}}, r"has no unit 3, only 0\.\.\.2"),
        ({"inputs": {"in": ([0.0], [-1])}}, "whole numbers from 0 on"),
        ({"inputs": {"in": ([0.0], [0.5])}}, "whole numbers from 0 on"),
        ({"inputs": {"in": ([0.0, 1.0], [0])}}, "2 times for 1 units"),
        ({"inputs": {"in": ([-1.0], [0])}}, "a spike at -1 ms"),
        ({"inputs": {"in": ([np.nan], [0])}}, "not a finite number"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(options, words):
    with pytest.raises(ConfigError, match=words):
        simulate(_relay(), **{"ticks": 3, **options})


def test_population_that_was_not_watched_is_named():
    result = simulate(_relay(), ticks=1, watch=["in"])

    with pytest.raises(ConfigError, match='"cell" was not watched'):
        result.counts("cell")


def test_more_spikes_than_there_is_room_for_are_refused_not_lost():
    with pytest.raises(ConfigError, match="4 spikes in a tick, it has room for 3"):
        Simulator(_relay()).step({"in": [0, 0, 1, 2]})


def test_probes_that_do_not_fit_into_memory_are_refused():
    with pytest.raises(MachineError, match="GB of memory"):
        simulate(_relay(n=2000), ticks=2**40, probe=["cell.v"])
