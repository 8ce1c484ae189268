"""Random spikes for inputs without a sensor."""

import numpy as np
import pytest

from neuroloop.core.errors import ConfigError
from neuroloop.network import Input
from neuroloop.runtime import stimulus


def test_each_unit_fires_at_the_rate_once_a_tick_at_most():
    spikes = stimulus.bernoulli(Input("in", 5), 40.0, 100_000, 500, seed=1)
    rates = np.bincount(spikes.unit, minlength=5) / 50.0
    assert rates == pytest.approx(np.full(5, 40.0), rel=0.1)
    assert (spikes.t_us % 500 == 0).all()
    assert spikes.t_us.max() < 50_000_000
    assert len(np.unique(spikes.t_us * 5 + spikes.unit)) == len(spikes.unit)


def test_a_seed_and_a_name_say_which_spikes():
    def times(name, seed):
        return stimulus.bernoulli(Input(name, 2), 100.0, 1000, 1000, seed).t_us.tolist()

    assert times("a", 1) == times("a", 1)
    assert times("a", 1) != times("a", 2)
    assert times("a", 1) != times("b", 1)


def test_drawing_in_pieces_changes_nothing(monkeypatch):
    whole = stimulus.bernoulli(Input("in", 3), 200.0, 1000, 1000, 0)
    monkeypatch.setattr(stimulus, "_AT_ONCE", 7)
    pieces = stimulus.bernoulli(Input("in", 3), 200.0, 1000, 1000, 0)
    assert pieces.t_us.tolist() == whole.t_us.tolist()
    assert pieces.unit.tolist() == whole.unit.tolist()


def test_the_ends_of_the_scale():
    assert len(stimulus.bernoulli(Input("in", 3), 0.0, 10, 1000, 0).unit) == 0
    assert len(stimulus.bernoulli(Input("in", 3), 1000.0, 10, 1000, 0).unit) == 30


@pytest.mark.parametrize("rate_hz", [-1.0, 1001.0, float("nan"), float("inf")])
def test_a_rate_that_no_tick_can_hold_is_refused(rate_hz):
    with pytest.raises(ConfigError, match="0 to 1000"):
        stimulus.bernoulli(Input("in", 1), rate_hz, 10, 1000, 0)
