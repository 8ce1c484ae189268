"""Distances of spike trains against closed forms and an independent slow way to compute them."""

import math

import numpy as np
import pytest

from neuroloop.compare.distance import van_rossum, victor_purpura
from neuroloop.compare.trains import Trains, first_difference
from neuroloop.core.errors import ConfigError


def trains(n, ticks, *events):
    """Return the trains of (tick, unit) or (tick, unit, weight) events."""
    full = sorted((*event, 1)[:3] for event in events)
    tick, unit, weight = (np.array([e[k] for e in full], np.int64) for k in range(3))
    return Trains(n, ticks, tick, unit, weight)


def drawn(rng, n, ticks, share, most=1):
    tick, unit = np.nonzero(rng.random((ticks, n)) < share)
    weight = rng.integers(1, most + 1, len(tick))
    return Trains(n, ticks, tick.astype(np.int64), unit.astype(np.int64), weight)


def integrated(a, b, tau, unit):
    """Return the distance as it is defined: the integral of the filtered difference, squared."""
    dt = 0.01
    t = np.arange(0, a.ticks + 25 * tau, dt)
    difference = np.zeros_like(t)
    for train, sign in ((a, 1), (b, -1)):
        for at, of, weight in zip(train.tick, train.unit, train.weight, strict=True):
            if of == unit:
                gone = t - at
                difference += sign * weight * np.where(gone >= 0, np.exp(-gone / tau), 0.0)
    return math.sqrt((difference**2).sum() * dt / tau)


def cheapest(a, b, q):
    """Return the least cost by trying what can be done with the first spikes, recursively."""
    if not a or not b:
        return len(a) + len(b)
    return min(
        1 + cheapest(a[1:], b, q),
        1 + cheapest(a, b[1:], q),
        q * abs(a[0] - b[0]) + cheapest(a[1:], b[1:], q),
    )


@pytest.mark.parametrize("shift", [0, 1, 7, 400])
def test_a_shifted_spike_is_as_far_as_the_closed_form_says(shift):
    a, b = trains(2, 500, (10, 1)), trains(2, 500, (10 + shift, 1))
    expected = math.sqrt(1 - math.exp(-shift / 5.0))
    np.testing.assert_allclose(van_rossum(a, b, 5.0), [0.0, expected], atol=1e-12)


def test_a_spike_more_is_half_whatever_the_time_constant():
    a, b = trains(1, 100, (10, 0), (90, 0)), trains(1, 100, (10, 0))
    for tau in (0.5, 10.0, 1e6):
        assert van_rossum(a, b, tau)[0] == pytest.approx(math.sqrt(0.5))


def test_a_very_long_time_constant_counts_spikes():
    rng = np.random.default_rng(2)
    a, b = drawn(rng, 4, 300, 0.1), drawn(rng, 4, 300, 0.05)
    expected = np.abs(a.counts - b.counts) / math.sqrt(2)
    np.testing.assert_allclose(van_rossum(a, b, 1e9), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("seed", "most"), [(0, 1), (1, 1), (2, 4)])
def test_van_rossum_is_the_integral_of_its_definition(seed, most):
    rng = np.random.default_rng(seed)
    a, b = (drawn(rng, 3, 60, share, most) for share in (0.2, 0.1))
    found = van_rossum(a, b, 4.0)
    for unit in range(3):
        assert found[unit] == pytest.approx(integrated(a, b, 4.0, unit), rel=0.01)


def test_distances_are_symmetric_and_0_between_equals():
    rng = np.random.default_rng(5)
    a, b = drawn(rng, 6, 200, 0.1), drawn(rng, 6, 200, 0.1)
    for distance in (lambda x, y: van_rossum(x, y, 8.0), lambda x, y: victor_purpura(x, y, 0.1)):
        np.testing.assert_allclose(distance(a, b), distance(b, a), atol=1e-9)
        np.testing.assert_allclose(distance(a, a), 0.0, atol=1e-6)
        assert (distance(a, b) > 0).all()


@pytest.mark.parametrize("seed", range(6))
def test_victor_purpura_is_the_cheapest_of_all_ways(seed):
    rng = np.random.default_rng(seed)
    a, b = (drawn(rng, 4, 40, 0.12, most=1 + seed % 2) for _ in range(2))
    q = (0.0, 0.05, 0.3, 2.0)[seed % 4]
    for unit, found in enumerate(victor_purpura(a, b, q)):
        mine, others = (
            [int(t) for t, of, w in zip(x.tick, x.unit, x.weight, strict=True) if of == unit
             for _ in range(w)]
            for x in (a, b)
        )  # fmt: skip
        assert found == pytest.approx(cheapest(tuple(mine), tuple(others), q))


def test_a_shift_is_never_dearer_than_to_remove_and_add():
    a, b = trains(1, 100, (10, 0)), trains(1, 100, (60, 0))
    assert victor_purpura(a, b, 1.0)[0] == 2.0
    assert victor_purpura(a, b, 0.01)[0] == pytest.approx(0.5)


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, math.inf])
def test_a_time_constant_that_is_none_is_refused(bad):
    with pytest.raises(ConfigError, match="time constant"):
        van_rossum(trains(1, 5), trains(1, 5), bad)


def test_graded_spikes_below_0_have_no_victor_purpura_distance():
    with pytest.raises(ConfigError, match="van-rossum"):
        victor_purpura(trains(1, 5, (1, 0, -3)), trains(1, 5), 0.1)


def test_the_first_difference_is_named_with_its_units():
    a = trains(4, 20, (3, 1), (5, 0), (5, 2), (9, 1))
    b = trains(4, 20, (3, 1), (5, 0), (5, 3), (8, 1))
    assert first_difference(a, b) == (5, [2, 3])
    assert first_difference(a, a) is None
    louder = trains(4, 20, (3, 1, 2), (5, 0), (5, 2), (9, 1))
    assert first_difference(a, louder) == (3, [1])


def test_a_run_is_moved_back_by_its_lateness_and_cut():
    late = trains(2, 12, (1, 0), (2, 1), (11, 0))
    moved = late.earlier(2, 9)
    assert (moved.ticks, moved.tick.tolist(), moved.unit.tolist()) == (9, [0], [1])
