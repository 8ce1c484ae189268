"""When samples were taken: jitter is not in the stamps, drift is followed, gaps are found."""

import numpy as np
import pytest

from sensors.microphone._sample_time import GAP_US, SampleTime

RATE, BLOCK = 16000, 160


def stamps(arrived_us, clock=None, first=1):
    clock = clock or SampleTime(RATE)
    return clock, np.array(
        [clock.stamp((first + k) * BLOCK, us) for k, us in enumerate(arrived_us)]
    )


def arrivals(n, *, ppm=0.0, jitter_us=3000.0, seed=0):
    """Return when blocks come of a device whose clock is slow by ``ppm``, and when they ended."""
    ended = 5e6 + np.arange(1, n + 1) * 1e4 * (1 + ppm * 1e-6)
    return ended + np.random.default_rng(seed).exponential(jitter_us, n), ended


def test_stamps_are_of_the_last_sample_and_without_the_jitter():
    came, ended = arrivals(2000)
    _, found = stamps(came)
    error = found - (ended - 62.5)
    assert np.abs(error[300:]).max() < 1000
    assert np.abs(np.diff(found)[300:] - 1e4).max() < 500
    assert np.abs(np.diff(came) - 1e4).max() > 5000


@pytest.mark.parametrize("ppm", [-100, 100])
def test_another_clock_is_followed_for_an_hour(ppm):
    came, ended = arrivals(360_000, ppm=ppm, jitter_us=500.0)
    clock, found = stamps(came)
    error = found - (ended - 62.5)
    assert np.abs(error[1000:]).max() < 1000
    assert clock.gaps == 0


def test_stamps_never_go_back_by_more_than_a_sample_in_order():
    came, _ = arrivals(5000)
    _, found = stamps(came)
    assert (np.diff(found[300:]) > 0).all()


def test_lost_samples_are_found_within_a_second():
    came, _ = arrivals(400, jitter_us=200.0)
    later, ended = arrivals(400, jitter_us=200.0, seed=1)
    gap_us = 250_000.0
    clock, _ = stamps(came)
    _, found = stamps(later + 400e4 + gap_us, clock, first=401)
    assert clock.gaps == 1
    assert clock.missing == pytest.approx(gap_us * 1e-6 * RATE, abs=20)
    assert np.abs(found[150:] - (ended[150:] - 62.5 + 400e4 + gap_us)).max() < 1000


def test_a_machine_that_sleeps_and_catches_up_loses_nothing():
    came, ended = arrivals(1000, jitter_us=100.0)
    held = (came > 8e6) & (came < 8.7e6)
    came[held] = 8.7e6
    clock, found = stamps(np.maximum.accumulate(came))
    assert clock.gaps == 0
    assert np.abs(found[100:] - (ended[100:] - 62.5)).max() < 1000
    assert GAP_US > 10_000
