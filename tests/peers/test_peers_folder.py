"""The statistics of the truth report, against processes whose answers are known."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

SPEC = importlib.util.spec_from_file_location(
    "spike_statistics", Path(__file__).with_name("spike_statistics.py")
)
statistics = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(statistics)

N, SECONDS, DT_MS = 100, 20.0, 0.1


def poisson(rate_hz, seed=1):
    """Return ``(tick, unit)`` of independent Poisson trains."""
    rng = np.random.default_rng(seed)
    k = rng.poisson(rate_hz * N * SECONDS)
    return rng.integers(0, round(SECONDS * 1000 / DT_MS), k), rng.integers(0, N, k)


def test_a_poisson_process_has_its_rate_a_cv_of_one_and_no_correlation():
    tick, unit = poisson(20.0)
    found = statistics.describe(tick, unit, (0, N), SECONDS, DT_MS)
    assert found["rate"] == pytest.approx(20.0, rel=0.02)
    assert found["cv"] == pytest.approx(1.0, abs=0.03)
    assert found["correlation"] == pytest.approx(0.0, abs=0.002)


def test_a_regular_train_has_no_variation():
    tick = np.tile(np.arange(0, 1000, 100), 3)
    assert statistics.interval_cv(tick, np.repeat([0, 1, 2], 10)) == 0.0


def test_neurons_of_few_spikes_do_not_count_for_the_cv():
    assert np.isnan(statistics.interval_cv(np.array([1, 5, 30, 31]), np.zeros(4, int)))


def test_half_shared_spikes_correlate_by_half():
    rng = np.random.default_rng(3)
    tick, unit = poisson(10.0)
    shared = rng.integers(0, round(SECONDS * 1000 / DT_MS), round(10.0 * SECONDS))
    tick = np.r_[tick, np.tile(shared, N)]
    unit = np.r_[unit, np.repeat(np.arange(N), len(shared))]
    assert statistics.correlation(tick, unit, N, SECONDS, DT_MS) == pytest.approx(0.5, abs=0.03)


def test_a_part_is_described_without_the_others():
    tick, unit = poisson(20.0)
    found = statistics.describe(tick[unit < 50], unit[unit < 50], (50, N), SECONDS, DT_MS)
    assert found["rate"] == 0.0
    assert np.isnan(found["cv"])
    assert np.isnan(found["correlation"])
