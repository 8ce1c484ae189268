"""Synapses by distance follow the law they were given, in a box or out of it."""

import numpy as np
import pytest

from neuroloop.core.errors import ConfigError
from neuroloop.network import (
    Exponential,
    Gaussian,
    distance_dependent,
    distances,
    fixed_total,
    one_to_one,
)

XY = np.random.default_rng(0).random((1500, 2))


@pytest.mark.parametrize("box", [None, 1.0, [1.0, 1.0]])
@pytest.mark.parametrize("law", [Gaussian(0.1, 0.8), Exponential(0.15), lambda d: 0.2 * (d < 0.3)])
def test_probability_follows_the_law(law, box):
    wired = distance_dependent(XY, XY, law, seed=1, box=box)
    gap = XY[:, None] - XY
    if box is not None:
        gap -= np.rint(gap)
    apart = np.hypot(*gap.transpose(2, 0, 1))
    edges = np.linspace(0, 0.7, 15)
    bins = np.digitize(apart.ravel(), edges)
    wanted = np.bincount(bins, law(apart).ravel(), 16)
    spread = np.bincount(bins, (law(apart) * (1 - law(apart))).ravel(), 16)
    found = np.bincount(np.digitize(apart[wired.pre, wired.post], edges), minlength=16)
    some = spread > 5

    # chi-square of at most sixteen degrees of freedom
    assert (((found - wanted) ** 2)[some] / spread[some]).sum() < 39.3
    assert (found[~some] <= wanted[~some] + 30).all()
    assert np.allclose(distances(wired, XY, XY, box), apart[wired.pre, wired.post], atol=1e-6)


def test_positions_may_have_any_number_of_dimensions():
    for d in (1, 2, 3, 5):
        here, there = np.zeros((3, d)), np.ones((4, d))
        wired = distance_dependent(here, there, lambda x: x > 0, seed=0)
        assert len(wired) == 12
        assert np.allclose(distances(wired, here, there), np.sqrt(d))


def test_the_seed_decides_and_the_neuron_itself_can_be_left_out():
    one, same, other = (
        distance_dependent(XY, XY, Gaussian(0.05), seed=s, allow_self=False) for s in (1, 1, 2)
    )

    assert one.post.tobytes() == same.post.tobytes()
    assert one.post.tobytes() != other.post.tobytes()
    assert (one.pre != one.post).all()


def test_distances_of_many_synapses_come_in_their_order():
    wired = fixed_total(1500, 1500, 3_000_000, seed=1)
    found = distances(wired, XY, XY)

    for k in (0, 1, 1_048_575, 1_048_576, 2_999_999):
        apart = XY[wired.pre[k]] - XY[wired.post[k]]
        assert found[k] == pytest.approx(np.hypot(*apart), rel=1e-5)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: distance_dependent([0, 1], XY, Gaussian(1.0)), "pre_xy is not positions"),
        (lambda: distance_dependent(XY, np.empty((0, 2)), Gaussian(1.0)), "post_xy is not"),
        (lambda: distance_dependent(XY, [[0.0, np.nan]], Gaussian(1.0)), "not finite"),
        (lambda: distance_dependent(XY, [["a", "b"]], Gaussian(1.0)), "is not positions"),
        (lambda: distance_dependent(XY, [[0.0]], Gaussian(1.0)), "2 dimensions but post_xy has 1"),
        (lambda: distance_dependent(XY, XY, Gaussian(1.0, 1.5)), "not within 0...1"),
        (lambda: distance_dependent(XY, XY, lambda d: d * np.nan), "not within 0...1"),
        (lambda: distance_dependent(XY, XY, lambda d: 0.5), r"probabilities of shape \(\)"),
        (lambda: distance_dependent(XY, XY, Gaussian(1.0), box=0.0), "box is 0.0"),
        (lambda: distance_dependent(XY, XY, Gaussian(1.0), box=[1, 2, 3]), "2 lengths"),
        (lambda: distance_dependent(XY, XY[:3], Gaussian(1.0), allow_self=False), "itself"),
        (lambda: Gaussian(0.0), "a length above 0"),
        (lambda: Exponential(np.inf), "a length above 0"),
        (lambda: distances(one_to_one(3), XY[:2], XY), "2 and 1500 places"),
    ],
)
def test_impossible_places_are_refused_in_words(make, words):
    with pytest.raises(ConfigError, match=words):
        make()
