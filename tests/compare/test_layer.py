"""What is said of a population: first difference, rates, distance, counters, silence."""

from functools import partial

import numpy as np
import pytest

from neuroloop.chips.energy.counts import Updates
from neuroloop.compare.distance import van_rossum
from neuroloop.compare.layer import layer
from neuroloop.compare.trains import Trains

DISTANCE = partial(van_rossum, tau_ticks=5.0)


def trains(*events, n=3, ticks=100):
    tick, unit = (np.array([e[k] for e in sorted(events)], np.int64) for k in range(2))
    return Trains(n, ticks, tick, unit, np.ones(len(tick), np.int64))


def compared(reference, chip, **more):
    return layer("cells", reference, chip, DISTANCE, 1000, **more)


def test_rates_are_means_over_neurons_and_the_error_does_not_cancel():
    found = compared(trains((1, 0), (5, 0), (9, 1)), trains((1, 0), (9, 1), (12, 1)))
    assert found.rate_float_hz == found.rate_chip_hz == pytest.approx(10.0)
    assert found.rate_error_hz == pytest.approx(2 * 10 / 3)
    assert (found.first_tick, found.first_units) == (5, [0])
    assert (found.fired_float, found.fired_chip) == (2, 2)


def test_equal_trains_have_no_distance_and_no_first_tick():
    found = compared(trains((1, 0), (5, 2)), trains((1, 0), (5, 2)))
    assert (found.first_tick, found.distance, found.verdict) == (None, 0.0, "the same")
    assert found.distance_of_silence > 0


@pytest.mark.parametrize(
    ("reference", "chip", "verdict"),
    [
        ([(1, 0)], [], "silent on the chip"),
        ([], [(1, 0)], "fires on the chip alone"),
        ([], [], "silent in both"),
        ([(1, 0)], [(2, 0)], ""),
    ],
)
def test_silence_is_said_before_numbers(reference, chip, verdict):
    assert compared(trains(*reference), trains(*chip)).verdict == verdict


def test_a_silent_chip_is_as_far_as_silence():
    found = compared(trains((1, 0), (7, 1), (8, 1)), trains())
    assert found.distance == found.distance_of_silence > 0


def test_no_more_than_a_few_units_are_named():
    reference = trains(*((3, unit) for unit in range(20)), n=20)
    assert len(compared(reference, trains(n=20)).first_units) == 5


def test_counters_of_the_chip_go_along():
    found = compared(trains(), trains(), late=2, counted=Updates(300, 10, 7, 9, 0))
    assert (found.overflows, found.saturated, found.late_ticks) == (7, 9, 2)
    assert compared(trains(), trains()).overflows is None
