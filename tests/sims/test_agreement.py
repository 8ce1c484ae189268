"""The two plants are two opinions on one world: they may differ by this much and no more."""

import math

import numpy as np
import pytest

from neuroloop.core.ports import Site
from sims import plane

WORLD = """
name = "sign"
room = [[-4, -4], [4, -4], [4, 1.5], [2, 1.5], [2, 4], [-4, 4]]
start = [0, 0, 0]
goal = [3, 0]

[[disc]]
centre = [1.5, 0.8]
radius_m = 0.25
grey = 0.02

[[polygon]]    # not convex: a hull would fill its bay
points = [[-3, 1.5], [-1, 1.5], [-1, 3], [-1.5, 3], [-1.5, 2], [-3, 2]]
height_m = 0.5

[[polygon]]
points = [[-1.5, -2.5], [-0.8, -2.1], [-1.3, -1.6]]
"""


@pytest.fixture(scope="module")
def opened(open_bullet, tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    (folder / "sign.toml").write_text(WORLD)
    ours = plane.build(plane.Config("sign"), Site("plant", 1, 10_000, folder))
    with open_bullet("sign", folder) as theirs:
        yield [(plant, plant.snapshot()) for plant in (ours, theirs)]


@pytest.fixture
def pair(opened):
    for plant, start in opened:
        plant.restore(start)
    return [plant for plant, _ in opened]


def drive(pair, left, right, seconds):
    for plant in pair:
        plant.command(np.array([left, right], np.float32))
        plant.advance(plant.t_us + round(seconds * 1e6))


def test_the_same_commands_give_the_same_path(pair):
    for left, right in ((0.4, 0.2), (0.3, 0.3), (0.1, 0.4), (-0.3, 0.1), (0.5, 0.5), (0.0, 0.0)):
        drive(pair, left, right, 1.0)
        (x1, y1, yaw1), (x2, y2, yaw2) = (plant.pose() for plant in pair)
        assert math.hypot(x1 - x2, y1 - y2) < 0.01
        assert abs(yaw1 - yaw2) < 0.02
        assert pair[0].twist() == pytest.approx(pair[1].twist(), abs=0.01)


@pytest.mark.parametrize(("left", "right", "sign"), [(0.1, 0.3, 1), (0.3, 0.1, -1)])
def test_the_faster_wheel_is_on_the_outside(pair, left, right, sign):
    drive(pair, left, right, 1.0)
    assert all(plant.pose()[2] * sign > 0.3 for plant in pair)


def test_both_stop_at_the_same_wall(pair):
    drive(pair, 0.4, 0.4, 1.0)
    drive(pair, 0.5, 0.5, 8.0)
    assert [plant.touching() for plant in pair] == [True, True]
    assert pair[0].pose()[0] == pytest.approx(pair[1].pose()[0], abs=0.005)


@pytest.mark.parametrize("mount", [(0.0, 0.0, 0.0), (-2.2, 2.5, 1.0), (-2.0, -2.0, 3.0)])
def test_both_measure_the_same_distances(pair, mount):
    bearings = np.linspace(-math.pi, math.pi, 360, endpoint=False).astype(np.float32)
    ours, theirs = (plant.scan(mount, bearings) for plant in pair)
    # a beam that just meets an edge in one may just miss it in the other
    assert np.mean(np.abs(ours - theirs) < 0.02) > 0.985
    assert np.median(np.abs(ours - theirs)) < 0.002


def test_an_obstacle_on_the_left_is_in_the_left_half_of_both_pictures(pair):
    ours, theirs = (plant.picture((0.1, 0.0, 0.25, 0.0), (48, 64), 1.2) < 30 for plant in pair)
    for dark in (ours, theirs):
        columns = np.flatnonzero(dark.any(axis=0))
        assert 3 <= len(columns) < 32
        assert columns.max() < 32
    assert np.mean(ours == theirs) > 0.98


def test_turning_left_moves_it_to_the_right(pair):
    drive(pair, -0.1, 0.1, 0.9)
    for plant in pair:
        dark = plant.picture((0.1, 0.0, 0.25, 0.0), (48, 64), 1.2) < 30
        assert np.flatnonzero(dark.any(axis=0)).mean() > 32


def test_the_floor_and_the_walls_show_the_same_pattern(pair):
    ours, theirs = (plant.picture((0.1, 0.0, 0.25, 0.0), (48, 64), 1.2) for plant in pair)
    floor = slice(32, 48)
    difference = np.abs(ours[floor].astype(int) - theirs[floor])
    # pixels are sampled half a pixel apart: those next to an edge may differ
    assert np.mean(difference < 20) > 0.85
    assert len(np.unique(theirs[22])) >= 4  # stripes, each side in its own light
