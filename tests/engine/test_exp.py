"""The exponential function of the kernels against NumPy's in double precision."""

import numpy as np
import pytest

from neuroloop.core.kernel import kernel
from neuroloop.engine.exp import exp32


@kernel
def _each(x, y):
    for i in range(x.shape[0]):
        y[i] = exp32(x[i])


def _exp32(x):
    x = np.asarray(x, np.float32)
    y = np.empty_like(x)
    _each(x, y)
    return y


@pytest.mark.parametrize(("low", "high"), [(-87.0, 88.0), (-1.0, 1.0), (-1e-3, 1e-3)])
def test_relative_error_is_below_a_tenth_of_a_millionth(low, high):
    x = np.linspace(low, high, 1_000_001).astype(np.float32)

    exact = np.exp(x.astype(np.float64))
    assert np.abs(_exp32(x) / exact - 1).max() < 1e-7


def test_zero_gives_one_exactly():
    assert _exp32([0.0, -0.0]).tolist() == [1.0, 1.0]


def test_nothing_overflows_and_no_number_is_the_lowest():
    lowest, highest = _exp32([-87.0, 88.0])

    assert _exp32([-1e30, -np.inf, np.nan]).tolist() == [lowest] * 3
    assert _exp32([1e30, np.inf]).tolist() == [highest] * 2
    assert 0 < lowest < 2e-38
    assert 1e38 < highest < np.inf
