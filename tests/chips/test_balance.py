"""Rounding that keeps sums, beside the slow definition of it."""

import numpy as np
import pytest

from neuroloop.chips.balance import balanced


def slowly(x, group):
    """Turn one weight after the other, always the one that is furthest off."""
    whole = np.rint(x)
    for g in range(group.max() + 1):
        own = np.flatnonzero(group == g)
        off = x[own] - whole[own]
        lacking = int(np.rint(off.sum()))
        for k in sorted(range(len(own)), key=lambda k: -off[k] * np.sign(lacking))[: abs(lacking)]:
            whole[own[k]] += np.sign(lacking)
    return whole


@pytest.mark.parametrize("seed", range(30))
def test_the_fewest_and_closest_are_turned(seed):
    rng = np.random.default_rng(seed)
    k = rng.integers(1, 400)
    group = rng.integers(0, rng.integers(1, 30), k)
    x = rng.normal(rng.normal(0, 0.4), 5, k)
    x[rng.random(k) < 0.3] = rng.integers(-4, 5)
    if seed % 3 == 0:
        x = np.round(4 * x) / 4  # many that are equally far off
    got = balanced(x, group)

    np.testing.assert_array_equal(got, slowly(x, group))
    assert abs(np.bincount(group, got - x)).max() <= 0.5 + 1e-9
    np.testing.assert_array_equal(got[x == np.rint(x)], x[x == np.rint(x)])


def test_nothing_is_rounded_to_nothing():
    assert not len(balanced(np.zeros(0), np.zeros(0, np.uint32)))
