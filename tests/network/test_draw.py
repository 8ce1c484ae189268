"""Distributions of weights and delays keep to their law and to their bounds."""

import numpy as np
import pytest

from neuroloop.core.errors import ConfigError
from neuroloop.network import (
    Input,
    LogNormal,
    Network,
    Normal,
    Population,
    Projection,
    Uniform,
    draw,
    fixed_total,
    in_steps,
)
from neuroloop.runtime.simulate import Simulator

N = 200_000


@pytest.mark.parametrize(
    ("what", "mean", "sd"),
    [
        (Normal(1.5, 0.75), 1.5, 0.75),
        (Normal(-2.0, 0.0), -2.0, 0.0),
        (LogNormal(0.5, 0.25), np.exp(0.5 + 0.25**2 / 2), None),
        (Uniform(-1.0, 3.0), 1.0, 4 / np.sqrt(12)),
        # half of a normal distribution
        (Normal(0.0, 1.0, low=0.0), np.sqrt(2 / np.pi), np.sqrt(1 - 2 / np.pi)),
    ],
)
def test_draws_have_the_moments_of_their_distribution(what, mean, sd):
    value = draw(what, N, seed=1)

    assert value.dtype == np.float32
    assert value.mean(dtype=float) == pytest.approx(mean, abs=0.02)
    if sd is not None:
        assert value.std(dtype=float) == pytest.approx(sd, abs=0.02)
    assert value.tobytes() == draw(what, N, seed=1).tobytes()
    assert (value != draw(what, N, seed=2)).any() == bool(sd is None or sd)


@pytest.mark.parametrize(
    "what",
    [Normal(1.5, 5.0, low=0.1, high=2.0), LogNormal(0.0, 2.0, 0.5, 4.0), Uniform(0.25, 0.75)],
)
@pytest.mark.parametrize("step", [None, 0.1, 0.125])
def test_nothing_leaves_the_bounds(what, step):
    value = draw(what, N, seed=3, step=step)

    assert np.float32(what.low) <= value.min()
    assert value.max() <= np.float32(what.high)
    if step is not None:
        assert np.allclose(value / step, np.rint(value / step), atol=1e-4)


def test_delays_drawn_in_steps_are_whole_ticks():
    wired = fixed_total(50, 50, 2000, Normal(0.5, 0.1), seed=1)
    delay_ms = draw(Normal(1.5, 0.75, low=0.1), wired, seed=2, step=0.1)
    network = Network(
        (Input("in", 50),), (Population("cell", 50),), (Projection("in", "cell", wired, delay_ms),)
    )

    Simulator(network, dt_us=100)
    with pytest.raises(ConfigError, match="not a whole number of ticks"):
        Simulator(network, dt_us=1000)


def test_steps_round_to_the_nearest():
    assert in_steps([0.0, 0.149, 0.151], 0.1).tolist() == np.float32([0, 0.1, 0.2]).tolist()
    assert in_steps([0.3, 0.4], 0.1, low=0.3, high=0.3).tolist() == [np.float32(0.3)] * 2


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Normal(np.nan, 1.0), "finite numbers"),
        (lambda: Normal(0.0, -1.0), "a spread of 0 or more"),
        (lambda: Normal(0.0, 1.0, low=2.0, high=1.0), "low is not below high"),
        (lambda: Normal(0.0, 1.0, low=10.0), "of all draws lie within"),
        (lambda: Normal(0.0, 0.0, low=1.0), "of all draws lie within"),
        (lambda: LogNormal(0.0, 1.0, high=1e-9), "of all draws lie within"),
        (lambda: Uniform(1.0, 0.0), "low is not below high"),
        (lambda: Uniform(0.0, np.inf), "finite numbers"),
        (lambda: draw(Normal(0.0, 1.0), -1, 0), "connections is -1"),
        (lambda: draw(lambda rng, n: np.zeros(n + 1), 3, 0), "shape .4,. for 3 synapses"),
        (lambda: draw(Uniform(0.11, 0.14), 3, 0, step=0.1), "no multiple of 0.1"),
        (lambda: in_steps([1.0], 0.0), "a step of 0.0"),
    ],
)
def test_impossible_distributions_are_refused_in_words(make, words):
    with pytest.raises(ConfigError, match=words):
        make()
