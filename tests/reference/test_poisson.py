"""Random spikes: rate, independence, and what the seed decides."""

import numpy as np
import pytest

from neuroloop.network import Network, Population
from neuroloop.runtime.simulate import simulate


def _raster(seed=1, n=500, rate_hz=40.0, ticks=4000, dt_us=1000, name="noise"):
    cells = Population(name, n, "poisson", {"rate_hz": rate_hz})
    result = simulate(
        Network(populations=(cells,)), ticks=ticks, dt_us=dt_us, seed=seed, watch=[name]
    )
    raster = np.zeros((ticks, n), bool)
    raster[result.spikes[name].t_us // dt_us, result.spikes[name].unit] = True
    return raster


@pytest.mark.parametrize(("rate_hz", "dt_us"), [(10.0, 1000), (200.0, 1000), (10.0, 100)])
def test_rate_is_as_asked(rate_hz, dt_us):
    raster = _raster(rate_hz=rate_hz, dt_us=dt_us)

    p = rate_hz * dt_us * 1e-6
    error = (raster.mean() - p) / np.sqrt(p * (1 - p) / raster.size)
    assert abs(error) < 4
    counts = raster.sum(axis=0)
    assert counts.var() / counts.mean() == pytest.approx(1 - p, abs=0.3)


def test_neurons_are_independent_of_each_other_and_of_their_past():
    raster = _raster(rate_hz=100.0)

    pairs = np.corrcoef(raster.T)[np.triu_indices(500, 1)]
    assert abs(pairs.mean()) < 1e-3
    assert pairs.std() == pytest.approx(1 / np.sqrt(4000), rel=0.05)
    for lag in (1, 2, 3, 7):
        past = np.corrcoef(raster[lag:].ravel(), raster[:-lag].ravel())[0, 1]
        assert abs(past) < 4 / np.sqrt(raster.size)


def test_same_seed_same_spikes_other_seed_others():
    assert np.array_equal(_raster(seed=1, ticks=200), _raster(seed=1, ticks=200))
    assert not np.array_equal(_raster(seed=1, ticks=200), _raster(seed=2, ticks=200))


def test_populations_of_other_names_are_independent():
    one, other = _raster(ticks=2000), _raster(ticks=2000, name="hiss")

    assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 4 / np.sqrt(one.size)


def test_rate_of_0_is_silent_and_more_than_once_a_tick_is_once_a_tick():
    assert not _raster(rate_hz=0.0, ticks=100).any()
    assert _raster(rate_hz=5000.0, ticks=100).all()


def test_twenty_ticks_are_those_of_the_slow_twin(golden):
    rng = np.random.default_rng([5, *b"cells"])
    states = [int(s) for s in rng.integers(1, 2**32, 6, np.uint32)]
    fired = np.zeros((20, 6), bool)
    for tick in range(20):
        for i, state in enumerate(states):
            after = state ^ ((state << 13) & 0xFFFFFFFF)
            after ^= after >> 17
            after ^= (after << 5) & 0xFFFFFFFF
            states[i] = after
            fired[tick, i] = after / 2**32 < 300.0 * 1e-3

    golden("poisson").agrees(fired)
