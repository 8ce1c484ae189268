import math
from itertools import combinations

import numpy as np
import pytest

from neuroloop.bench import worlds
from neuroloop.bench.worlds import _pairs, _shapes
from neuroloop.config import world, world_file
from neuroloop.config.free_floor import clearance_m
from neuroloop.core.errors import ConfigError, MachineError
from neuroloop.core.world import Polygon, World

SEEDS = range(6)
KINDS = worlds.kinds()


@pytest.fixture(scope="module", params=[(k, s) for k in KINDS for s in SEEDS], ids=str)
def made(request):
    return worlds.generate(*request.param)


def sides(outline):
    return [math.dist(a, b) for a, b in zip(outline, [*outline[1:], outline[0]], strict=True)]


def outlines(kind, seed):
    return [np.array(p.points) for p in worlds.generate(kind, seed, 1).world.polygon]


# --- every kind ---


def test_the_folder_is_the_list_of_kinds():
    assert {"boxes", "clutter", "rooms"} <= set(KINDS)
    assert not any(kind.startswith("_") for kind in KINDS)


def test_the_world_is_valid_and_twenty_metres_wide(made):
    world.check(made.world, made.world.name, 0.30)
    assert made.world.room == _shapes.ROOM
    assert not made.world.disc
    assert np.abs([p for polygon in made.world.polygon for p in polygon.points]).max() <= 10.0


def test_every_pair_can_be_driven_by_a_disc_of_30_cm(made):
    assert made.starts.shape == (200, 3)
    assert made.goals.shape == (200, 2)
    assert world_file.unreachable(made, 0.30) == []


def test_pairs_keep_their_distances(made):
    assert clearance_m(made.world, made.starts[:, :2]).min() >= 0.5
    assert clearance_m(made.world, made.goals).min() >= 0.4
    assert np.hypot(*(made.starts[:, :2] - made.goals).T).min() >= 6.0
    yaw = made.starts[:, 2]
    assert yaw.min() < -2
    assert yaw.max() > 2
    assert np.abs(yaw).max() <= 3.142


@pytest.mark.parametrize("kind", KINDS)
def test_pairs_are_spread_over_the_whole_room(kind):
    file = worlds.generate(kind, 0)
    quarter = 2 * (file.goals[:, 0] > 0) + (file.goals[:, 1] > 0)
    assert np.bincount(quarter, minlength=4).min() > 20


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_world(tmp_path, kind):
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        worlds.generate_to(kind, seed, tmp_path / f"{name}.npz", 20)
    a, b, c = ((tmp_path / f"{name}.npz").read_bytes() for name in "abc")
    assert a == b != c
    file = world_file.load(tmp_path / "a.npz")
    assert len(file.starts) == 20
    first, *_ = zip(file.starts.tolist(), file.goals.tolist(), strict=True)
    assert [list(file.world.start), list(file.world.goal)] == list(first)


# --- what makes each kind ---


@pytest.mark.parametrize("seed", SEEDS)
def test_boxes_have_right_angles_and_stand_apart_or_touch(seed):
    boxes = outlines("boxes", seed)
    assert 25 <= len(boxes) <= 35
    for box in boxes:
        a, b, c, d = sides(box.tolist())
        assert math.isclose(a, c, abs_tol=0.004)
        assert math.isclose(b, d, abs_tol=0.004)
        assert 0.595 <= min(a, b) <= max(a, b) <= 5.005
    apart = [_shapes.gap_m(a, b) for a, b in combinations(boxes, 2)]
    assert sum(gap <= 0 for gap in apart) >= 5
    turned = [box for box in boxes if min(np.abs(np.diff(box[:2], axis=0)[0])) > 0.01]
    assert turned


@pytest.mark.parametrize("seed", SEEDS)
def test_clutter_is_small_convex_and_far_enough_apart_to_pass(seed):
    things = outlines("clutter", seed)
    assert 80 <= len(things) <= 120
    for thing in things:
        across = max(math.dist(a, b) for a, b in combinations(thing.tolist(), 2))
        assert 0.1 < across <= 0.802
        edges = np.roll(thing, -1, axis=0) - thing
        after = np.roll(edges, -1, axis=0)
        assert np.all(edges[:, 0] * after[:, 1] > edges[:, 1] * after[:, 0])
    centres = [thing.mean(axis=0) for thing in things]
    for (i, a), (j, b) in combinations(enumerate(things), 2):
        if math.dist(centres[i], centres[j]) < 2.0:
            nearest = min(math.dist(p, q) for p in a.tolist() for q in b.tolist())
            assert nearest >= 0.75


@pytest.mark.parametrize("seed", SEEDS)
def test_rooms_have_thin_walls_and_one_region(seed):
    file = worlds.generate("rooms", seed)
    thin = [p for p in file.world.polygon if math.isclose(min(sides(p.points)), 0.2, abs_tol=0.002)]
    assert len(thin) >= 12
    grid = np.stack(np.meshgrid(np.arange(-9, 10), np.arange(-9, 10)), axis=-1).reshape(-1, 2)
    free = grid[clearance_m(file.world, grid.astype(float)) >= 0.4].astype(float)
    starts = np.column_stack((np.repeat(free[:1], len(free), axis=0), np.zeros(len(free))))
    assert world_file.unreachable(world_file.WorldFile(file.world, starts, free)) == []


# --- asked for wrongly ---


@pytest.mark.parametrize(
    ("kind", "seed", "pairs", "message"),
    [
        ("boxs", 0, 1, 'no kind of world "boxs".*did you mean "boxes".*known: boxes, clutter'),
        ("_pairs", 0, 1, 'no kind of world "_pairs"'),
        ("boxes", -1, 1, "seed: -1; 0 or more"),
        ("boxes", 0, 0, "pairs: 0; 1 to 10000"),
        ("boxes", 0, 10_001, "pairs: 10001"),
    ],
)
def test_what_cannot_be_generated_is_told_in_words(kind, seed, pairs, message):
    with pytest.raises(ConfigError, match=message):
        worlds.generate(kind, seed, pairs)


def test_where_nothing_can_be_written_is_told_in_words(tmp_path):
    with pytest.raises(ConfigError, match=r"w.toml: .* must end in .npz"):
        worlds.generate_to("clutter", 0, tmp_path / "w.toml", 1)
    with pytest.raises(MachineError, match=r"cannot write .*none/w.npz: No such file"):
        worlds.generate_to("clutter", 0, tmp_path / "none" / "w.npz", 1)


def test_a_world_without_free_floor_is_told_in_words():
    full = World("full", _shapes.ROOM, _shapes.CENTRE, polygon=[Polygon(_shapes.ROOM)])
    with pytest.raises(ConfigError, match=r'world "full": no place is 0\.5 m from all'):
        _pairs.draw(full, 0, 10)


def test_pairs_in_a_small_room_lie_as_far_apart_as_they_can():
    room = [(0.0, 0.0), (3.0, 0.0), (3.0, 3.0), (0.0, 3.0)]
    starts, goals = _pairs.draw(World("small", room, (1.5, 1.5, 0.0)), 0, 50)
    assert np.hypot(*(starts[:, :2] - goals).T).min() > 1.0
