"""Walls show upright stripes in both plants, as wide and as dark beside one another."""

import numpy as np
import pytest

from neuroloop.core.ports import Site
from sims import plane


@pytest.fixture(scope="module")
def pictures(open_bullet):
    ours = plane.build(plane.Config("empty"), Site("plant", 1, 10_000))
    pose, shape = (3.0, 0.0, 0.25, 0.0), (48, 64)
    with open_bullet("empty") as theirs:
        return [plant.picture(pose, shape, 1.2).astype(int) for plant in (ours, theirs)]


def test_they_run_from_the_floor_to_the_top(pictures):
    for grey in pictures:
        wall = grey[12:24]
        assert (wall == wall[0]).all()


def test_they_are_as_wide(pictures):
    widths = [np.diff(np.flatnonzero(np.diff(grey[20]))) for grey in pictures]
    for width in widths:
        assert len(width) >= 8
        # a quarter of a metre, 2 m away, 46.8 pixels a radian
        assert np.abs(width - 0.25 / 2.0 * 46.8).max() < 1.0


def test_the_light_ones_are_as_light_beside_the_dark(pictures):
    for grey in pictures:
        light, dark = grey[20].max(), grey[20].min()
        assert dark / light == pytest.approx(0.7, abs=0.02)
