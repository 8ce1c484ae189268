"""Moving targets: the same place at the same time in both plants, in all that a robot senses."""

import math

import numpy as np
import pytest

from neuroloop.core.course import courses_of
from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Site
from neuroloop.core.world import Target, World
from sims import plane

SQUARE = [(1.0, -1.0), (2.0, -1.0), (2.0, 1.0), (1.0, 1.0)]
WORLD = """
name = "walk"
room = [[-4, -4], [4, -4], [4, 4], [-4, 4]]
start = [-1, 0, 0]

[[disc]]
centre = [-3, 3]
radius_m = 0.3

[[target]]
path = [[1.0, -1.0], [2.0, -1.0], [2.0, 1.0], [1.0, 1.0]]
speed_mps = 0.5
radius_m = 0.2

[[target]]                      # comes at the robot from behind, and goes back
path = [[-3.5, 0.0], [-1.3, 0.0]]
speed_mps = 0.25
"""
BEARINGS = np.linspace(-math.pi, math.pi, 360, endpoint=False).astype(np.float32)
CAMERA = (0.1, 0.0, 0.25, 0.0)


def build(folder, text=WORLD, **settings):
    (folder / "walk.toml").write_text(text)
    return plane.build(plane.Config("walk", **settings), Site("plant", 1, 10_000, folder))


@pytest.fixture
def ours(tmp_path):
    return build(tmp_path)


@pytest.fixture(scope="module")
def opened_bullet(open_bullet, tmp_path_factory):
    folder = tmp_path_factory.mktemp("walk")
    (folder / "walk.toml").write_text(WORLD)
    with open_bullet("walk", folder) as plant:
        yield plant, plant.snapshot()


@pytest.fixture
def theirs(opened_bullet):
    plant, start = opened_bullet
    plant.restore(start)
    return plant


@pytest.fixture(params=["plane", "bullet"])
def plant(request):
    return request.getfixturevalue({"plane": "ours", "bullet": "theirs"}[request.param])


def drive(plant, left, right, seconds):
    plant.command(np.array([left, right], np.float32))
    plant.advance(plant.t_us + round(seconds * 1e6))


def senses(plant):
    metres = plant.scan((0.0, 0.0, 0.0), BEARINGS)
    return plant.pose(), metres.tobytes(), plant.picture(CAMERA, (24, 32), 1.2).tobytes()


@pytest.mark.parametrize(
    ("t_s", "place"),
    [
        (0.0, (1.0, -1.0)),
        (1.0, (1.5, -1.0)),
        (2.0, (2.0, -1.0)),
        (5.0, (2.0, 0.5)),
        (11.0, (1.0, -0.5)),
        (13.0, (1.5, -1.0)),  # a lap of 6 m takes 12 s
        (1000 * 12.0 + 7.0, (1.5, 1.0)),
    ],
)
def test_it_goes_round_its_path_at_an_even_speed(t_s, place):
    world = World("test", [], (0.0, 0.0, 0.0), target=[Target(SQUARE, 0.5)])
    assert courses_of(world).places(round(t_s * 1e6)) == [pytest.approx(place, abs=1e-9)]


def test_two_places_are_a_way_there_and_back():
    world = World("test", [], (0.0, 0.0, 0.0), target=[Target([(0.0, 0.0), (1.0, 0.0)], 0.1)])
    places = [courses_of(world).places(t * 1_000_000)[0][0] for t in (0, 5, 10, 15, 20)]
    assert places == pytest.approx([0.0, 0.5, 1.0, 0.5, 0.0], abs=1e-9)


def test_each_plant_senses_it_where_it_is(plant):
    for _ in range(3):
        drive(plant, 0.0, 0.0, 1.5)
        x, y, yaw = plant.pose()
        tx, ty = courses_of(plant.world).places(plant.t_us)[0]
        toward = math.atan2(ty - y, tx - x) - yaw
        metres = plant.scan((0.0, 0.0, 0.0), np.array([toward], np.float32))
        assert metres[0] == pytest.approx(math.hypot(tx - x, ty - y) - 0.2, abs=0.01)
        dark = np.flatnonzero((plant.picture(CAMERA, (48, 64), 1.2) < 20).any(axis=0))
        seen = math.atan((31.5 - dark.mean()) / (32 / math.tan(0.6)))
        there = math.atan2(ty - y, tx - x - 0.1) - yaw
        assert seen == pytest.approx(there, abs=0.03)


def test_both_plants_see_and_scan_the_same(ours, theirs):
    for _ in range(4):
        for plant in (ours, theirs):
            drive(plant, 0.1, 0.12, 1.3)
        scans = [plant.scan((0.0, 0.0, 0.0), BEARINGS) for plant in (ours, theirs)]
        assert np.mean(np.abs(scans[0] - scans[1]) < 0.03) > 0.98
        dark = [plant.picture(CAMERA, (48, 64), 1.2) < 20 for plant in (ours, theirs)]
        assert dark[0].sum() > 50
        assert np.mean(dark[0] == dark[1]) > 0.98


def test_it_pushes_a_robot_that_stands_in_its_way(ours, theirs):
    for plant in (ours, theirs):
        drive(plant, 0.0, 0.0, 8.8)
        assert plant.touching()
        # it turns round at x = -1.3, its radius and the robot's from where the robot is then
        assert plant.pose()[0] == pytest.approx(-1.3 + 0.15 + 0.17, abs=0.03)
    assert ours.pose()[1] == pytest.approx(theirs.pose()[1], abs=0.03)


def test_it_is_never_inside_the_robot(ours):
    rng = np.random.default_rng(1)
    met = 0
    for _ in range(200):
        ours.command(rng.uniform(-0.05, 0.05, 2).astype(np.float32))
        ours.advance(ours.t_us + 100_000)
        x, y, _ = ours.pose()
        for (tx, ty), target in zip(
            courses_of(ours.world).places(ours.t_us), ours.world.target, strict=True
        ):
            gap = math.hypot(tx - x, ty - y) - target.radius_m - 0.17
            assert gap > -1e-6
            met += gap < 1e-3
    assert met


def test_a_way_in_pieces_is_the_way_in_one(tmp_path):
    whole, pieces = build(tmp_path), build(tmp_path)
    for plant in (whole, pieces):
        plant.command(np.array([0.2, 0.25], np.float32))
    whole.advance(9_000_000)
    for until_us in (1000, 20_000, 3_333_000, 9_000_000):
        pieces.advance(until_us)
    assert senses(whole) == senses(pieces)


def test_it_goes_on_from_a_snapshot_to_the_bit(plant):
    drive(plant, 0.2, 0.3, 2.0)
    kept = plant.snapshot()
    seen = senses(plant)
    drive(plant, 0.3, 0.1, 3.0)
    later = senses(plant)
    plant.restore(kept)
    assert senses(plant) == seen
    drive(plant, 0.3, 0.1, 3.0)
    assert senses(plant) == later


def test_placed_anew_it_begins_where_its_path_does(plant):
    drive(plant, 0.0, 0.0, 1.0)
    plant.place((-1.0, 0.0, 0.0), None)
    plant.advance(10_000)
    toward = math.atan2(-1.0, 2.0)
    metres = plant.scan((0.0, 0.0, 0.0), np.array([toward], np.float32))
    assert metres[0] == pytest.approx(math.sqrt(5) - 0.2, abs=0.01)


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("[[1.0, -1.0], [5.0, -1.0]]", r"meets something at \(3\.\d\d, -1\.00\)"),
        ("[[-3.5, 3.5], [-2.0, 2.0]]", "meets something"),
        ("[[1.0, 1.0], [1.0, 1.0]]", "one place alone"),
        ("[[-1.2, 0.0], [1.0, 1.0]]", "from the robot's start"),
        ("[[1.0, 1.0]]", "path"),
    ],
)
def test_a_way_that_cannot_be_is_refused(tmp_path, path, why):
    text = WORLD.replace("[[1.0, -1.0], [2.0, -1.0], [2.0, 1.0], [1.0, 1.0]]", path)
    with pytest.raises(ConfigError, match=why):
        build(tmp_path, text)


def test_a_step_must_be_short_enough_for_the_fastest(tmp_path):
    text = WORLD.replace("speed_mps = 0.25", "speed_mps = 100.0")
    with pytest.raises(ConfigError, match=r"come up to 0\.101 m closer"):
        build(tmp_path, text)
