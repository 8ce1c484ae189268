"""Poisson-distributed counts: every probability, the moments, independence, what is refused."""

import math

import numpy as np
import pytest

from neuroloop.core.errors import ConfigError
from neuroloop.network import Network, Population, Projection, one_to_one
from neuroloop.runtime.simulate import simulate


def _counts(rate_hz, n=500, ticks=2000, dt_us=1000, seed=1):
    given = (
        {"arrays": {"rate_hz": rate_hz}} if np.ndim(rate_hz) else {"params": {"rate_hz": rate_hz}}
    )
    network = Network(populations=(Population("noise", n, "poisson_counts", **given),))
    result = simulate(network, ticks=ticks, dt_us=dt_us, seed=seed, probe=["noise.value"])
    return result.probes["noise.value"]


def _pmf(mean, k):
    return np.array([math.exp(j * math.log(mean) - mean - math.lgamma(j + 1)) for j in k])


@pytest.mark.parametrize("mean", [0.01, 0.1, 1.0, 2.5, 9.0, 30.0])
def test_mean_variance_and_every_probability_are_those_of_the_distribution(mean):
    counts = _counts(mean * 1e3)

    size = counts.size
    assert counts.mean() == pytest.approx(mean, abs=4 * math.sqrt(mean / size))
    spread = math.sqrt((mean + 2 * mean**2) / size)
    assert counts.var() == pytest.approx(mean, abs=4 * spread)
    found = np.bincount(counts.astype(int).ravel(), minlength=90)[:90]
    expected = size * _pmf(mean, range(90))
    many = expected > 10
    chi2 = ((found - expected)[many] ** 2 / expected[many]).sum()
    assert abs(chi2 - many.sum()) < 5 * math.sqrt(2 * many.sum())


def test_counts_are_independent_of_each_other_and_of_their_past():
    counts = _counts(2000.0, n=200, ticks=4000)

    pairs = np.corrcoef(counts.T)[np.triu_indices(200, 1)]
    assert abs(pairs.mean()) < 2e-3
    assert pairs.std() == pytest.approx(1 / math.sqrt(4000), rel=0.05)
    for lag in (1, 2, 3, 7):
        past = np.corrcoef(counts[lag:].ravel(), counts[:-lag].ravel())[0, 1]
        assert abs(past) < 4 / math.sqrt(counts.size)


def test_every_unit_may_have_its_own_rate():
    rate_hz = np.repeat([0.0, 500.0, 12000.0, 500.0, 30000.0], [3, 70, 1, 100, 26])

    counts = _counts(rate_hz, n=200)

    mean = rate_hz * 1e-3
    assert np.abs(counts.mean(axis=0) - mean).max() < 5 * np.sqrt(30.0 / 2000)
    assert (np.abs(counts.mean(axis=0) - mean) <= 5 * np.sqrt(mean / 2000)).all()
    assert not counts[:, :3].any()


def test_rate_is_a_second_whatever_the_tick():
    assert _counts(20_000.0, dt_us=100).mean() == pytest.approx(2.0, abs=0.01)


def test_same_seed_same_counts_other_seed_others():
    one, same, other = (_counts(1000.0, 50, 50, seed=s) for s in (1, 1, 2))

    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_many_events_of_one_unit_arrive_at_once():
    noise = Population("noise", 3, "poisson_counts", {"rate_hz": 5000.0})
    cells = Population("cells", 3, "leaky_integrator", {"tau_ms": 1e-3})
    link = Projection("noise", "cells", one_to_one(3, 0.5), 1.0, receptor="jump", kind="value")
    network = Network((), (noise, cells), (link,))

    probes = simulate(network, ticks=50, probe=["noise.value", "cells.value"]).probes

    np.testing.assert_array_equal(probes["cells.value"][1:], 0.5 * probes["noise.value"][:-1])


@pytest.mark.parametrize(
    ("rate_hz", "words"),
    [
        (30_001.0, r"30001 Hz is 30.001 events in a tick of 1 ms; 30 is the most"),
        ([1.0, 31_000.0], r"31000 Hz is 31 events"),
        ([1.0, -1.0], r"rate_hz: -1; a rate is never below 0"),
        ([1.0], r"rate_hz has shape \(1,\), not \(2,\)"),
        ([1.0, np.nan], r"rate_hz holds a number that is not finite"),
    ],
)
def test_impossible_rates_are_refused_in_words(rate_hz, words):
    with pytest.raises(ConfigError, match=rf'population "noise": .*{words}'):
        _counts(rate_hz, n=2)


def test_misspelt_array_names_the_right_one():
    noise = Population("noise", 2, "poisson_counts", arrays={"rate": [1.0, 2.0]})

    with pytest.raises(ConfigError, match=r'no array "rate" \(did you mean "rate_hz"'):
        simulate(Network(populations=(noise,)), ticks=1)


def _twin(mean, state):
    """Draw with Python's whole numbers: the next xorshift32, looked up in the sums."""
    state ^= (state << 13) & 0xFFFFFFFF
    state ^= state >> 17
    state ^= (state << 5) & 0xFFFFFFFF
    k, p = 0, math.exp(-mean)
    total = p
    while state > min(int(total * 2**32), 2**32 - 1):
        k += 1
        p *= mean / k
        total += p
    return k, state


def test_twenty_ticks_are_those_of_the_slow_twin(golden):
    rng = np.random.default_rng([5, *b"cells"])
    states = [int(s) for s in rng.integers(1, 2**32, 6, np.uint32)]
    value = np.zeros((20, 6))
    for tick in range(20):
        for i, mean in enumerate((0.0, 0.3, 0.3, 2.5, 2.5, 30.0)):
            value[tick, i], states[i] = _twin(mean, states[i])

    golden("poisson_counts").agrees(np.zeros((20, 6), bool), value=value)
