import contextlib
import io
import math
import os
import pickle
import zipfile
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroloop.config import free_floor, world, world_file
from neuroloop.core.errors import ConfigError, MachineError
from neuroloop.core.world import Disc, Polygon, World

DATA = Path(os.environ.get("NEUROLOOP_DATA", Path(__file__).parents[3] / "shared" / "data"))
ROOM = [(-5.0, -5.0), (5.0, -5.0), (5.0, 5.0), (-5.0, 5.0)]
SQUARE = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)]
TRIANGLE = [(3.0, 3.0), (4.0, 3.0), (3.0, 4.0)]
# walls 0.2 m thick round [1, 4] x [1, 4]: a room without a door
CLOSED = [
    [(1.0, 1.0), (4.0, 1.0), (4.0, 1.2), (1.0, 1.2)],
    [(1.0, 3.8), (4.0, 3.8), (4.0, 4.0), (1.0, 4.0)],
    [(1.0, 1.0), (1.2, 1.0), (1.2, 4.0), (1.0, 4.0)],
    [(3.8, 1.0), (4.0, 1.0), (4.0, 4.0), (3.8, 4.0)],
]


def arrays(**changed):
    good = {
        "vertices_m": np.array(ROOM + SQUARE + TRIANGLE),
        "polygon_offsets": np.array([0, 4, 8, 11], np.int32),
        "starts": np.array([(-4.0, -4.0, 0.5), (4.0, -4.0, 0.0)]),
        "goals": np.array([(4.0, 4.5), (-4.0, 4.0)]),
    }
    return {name: a for name, a in {**good, **changed}.items() if a is not None}


def packed(**changed):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays(**changed))
    return buffer.getvalue()


def changed(name, index, value):
    array = arrays()[name].copy()
    array[index] = value
    return {name: array}


def read(tmp_path, data):
    path = tmp_path / "mine.npz"
    path.write_bytes(data)
    return world_file.load(path)


def build(polygons, pairs, room=ROOM, discs=()):
    starts, goals = zip(*pairs, strict=True)
    place = World("test", room, (*starts[0], 0.0), goals[0], polygon=[Polygon(p) for p in polygons])
    place = msgspec.structs.replace(place, disc=list(discs))
    return world_file.WorldFile(
        place, np.array([(*start, 0.0) for start in starts]), np.array(goals, float)
    )


# --- there and back ---


def test_a_file_holds_the_room_the_obstacles_and_the_pairs(tmp_path):
    file = read(tmp_path, packed())
    assert file.world.name == "mine"
    assert file.world.room == ROOM
    assert [p.points for p in file.world.polygon] == [SQUARE, TRIANGLE]
    assert file.world.start == (-4.0, -4.0, 0.5)
    assert file.world.goal == (4.0, 4.5)
    assert file.starts.tolist() == arrays()["starts"].tolist()
    assert file.goals.tolist() == arrays()["goals"].tolist()


def test_what_is_saved_comes_back_and_saves_to_the_same_bytes(tmp_path):
    file = read(tmp_path, packed())
    for name in ("one.npz", "two.npz"):
        world_file.save(tmp_path / name, file)
        file = world_file.load(tmp_path / name)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("kind", ["<f4", ">f8", "<i2", "<u1", "<f2"])
def test_numbers_of_any_width_are_read(tmp_path, kind):
    goals = np.array([(4, 4), (0, 4)], kind)
    file = read(tmp_path, packed(goals=goals, polygon_offsets=np.array([0, 4, 8, 11], np.uint64)))
    assert file.goals.dtype == np.float64
    assert file.goals.tolist() == [[4, 4], [0, 4]]


def test_packed_and_fortran_ordered_arrays_are_read(tmp_path):
    np.savez_compressed(
        tmp_path / "w.npz", more=np.zeros(3), **arrays(goals=np.asfortranarray(arrays()["goals"]))
    )
    assert world_file.load(tmp_path / "w.npz").goals.tolist() == arrays()["goals"].tolist()


def test_a_run_file_names_a_world_file_like_any_world(tmp_path):
    (tmp_path / "mine.npz").write_bytes(packed())
    for name in ("mine.npz", str(tmp_path / "mine.npz")):
        found = world.load(name, tmp_path, "plant.world")
        assert found == world_file.load(tmp_path / "mine.npz").world
    with pytest.raises(ConfigError, match=r"plant.world: .*none.npz: cannot be read: No such"):
        world.load("none.npz", tmp_path, "plant.world")
    (tmp_path / "bad.npz").write_bytes(packed(**changed("goals", 0, (0.0, 0.0))))
    with pytest.raises(ConfigError, match=r"plant.world: .*bad.npz: `goal`: \(0, 0\) lies inside"):
        world.load("bad.npz", tmp_path, "plant.world")


# --- bad arrays ---

FAR = np.arange(3 * 501, dtype=float)
CASES = [
    ({"goals": None}, "no array `goals` .*known: polygon_offsets, starts, vertices_m"),
    ({"vertices_m": None}, "no array `vertices_m`"),
    ({"goals": np.zeros((2, 3))}, r"`goals`: of shape \(2, 3\); \(n, 2\) is wanted"),
    ({"starts": np.zeros(6)}, r"`starts`: of shape \(6,\); \(n, 3\) is wanted"),
    ({"starts": np.float64(1)}, r"`starts`: of shape \(\); \(n, 3\)"),
    ({"polygon_offsets": np.zeros((2, 2), int)}, r"`polygon_offsets`: of shape \(2, 2\); \(n,\)"),
    ({"polygon_offsets": np.array([0.0, 4.0])}, "`polygon_offsets`: of float64; whole numbers"),
    ({"goals": np.array([["a", "b"]])}, "`goals`: of <U1; numbers, as float64"),
    ({"goals": np.ones((2, 2), complex)}, "`goals`: of complex128"),
    ({"goals": np.ones((2, 2), bool)}, "`goals`: of bool"),
    ({"goals": np.zeros(2, "f8,f8")}, r"`goals`: of \["),
    ({"goals": np.array([[{}, 1]], object)}, "`goals`: of object"),
    (changed("goals", (1, 0), math.nan), r"`goals\[1, 0\]`: is nan; a finite number"),
    (changed("starts", (0, 2), math.inf), r"`starts\[0, 2\]`: is inf"),
    (changed("vertices_m", (5, 1), -1e300), r"`vertices_m\[5, 1\]`: is -1e\+300; .* 10000 of 0"),
    ({"starts": np.zeros((3, 3))}, "`goals`: 2 rows; 3, as starts, wanted"),
    ({"starts": np.zeros((0, 3)), "goals": np.zeros((0, 2))}, "`starts`: no rows; at least one"),
    ({"polygon_offsets": np.zeros(0, int)}, "`polygon_offsets`: 0 rows; at least 2"),
    ({"polygon_offsets": np.array([11])}, "`polygon_offsets`: 1 rows; at least 2"),
    (changed("polygon_offsets", 0, 1), r"`polygon_offsets\[0\]`: is 1; 0 is wanted"),
    (changed("polygon_offsets", 2, 3), r"`polygon_offsets\[2\]`: 3 comes after 4; an outline has"),
    (changed("polygon_offsets", 2, 6), r"`polygon_offsets\[2\]`: 6 comes after 4"),
    (changed("polygon_offsets", 1, -4), r"`polygon_offsets\[1\]`: -4 comes after 0"),
    (changed("polygon_offsets", 3, 12), r"`polygon_offsets\[3\]`: is 12; 11, the number of"),
    (changed("vertices_m", 5, (0.0, 3.0)), r"`vertices_m\[4:8\]`: crosses itself"),
    (changed("vertices_m", slice(8, 10), 1.0), r"`vertices_m\[8:11\]`: has 2 distinct points"),
    (
        {"vertices_m": np.zeros((501, 2)), "polygon_offsets": np.array([0, 501])},
        r"`polygon_offsets\[1\]`: 501 comes after 0; an outline has 3 to 500 corners",
    ),
    ({"goals": np.zeros((10_001, 2), np.int8)}, "`goals`: 10001 rows; at most 10000"),
    ({"goals": np.zeros((60_000, 2))}, "`goals`: longer than 336384 bytes; at most 10000 rows"),
]


@pytest.mark.parametrize(("changes", "message"), CASES)
def test_a_bad_array_is_told_by_name_and_index(tmp_path, changes, message):
    with pytest.raises(ConfigError, match=rf"mine.npz: {message}"):
        read(tmp_path, packed(**changes))


@pytest.mark.parametrize("shape", [(10**15, 2), (-1, 2), (3, 2)])
def test_a_header_that_lies_allocates_nothing(tmp_path, shape):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"shape": shape, "fortran_order": False, "descr": "<f8"}
    )
    with zipfile.ZipFile(tmp_path / "w.npz", "w") as archive:
        archive.writestr("vertices_m.npy", header.getvalue() + bytes(32))
    with pytest.raises(ConfigError, match=r"`vertices_m`: .*(at most 10000|damaged: 32 bytes)"):
        world_file.load(tmp_path / "w.npz")


def test_an_array_that_unpacks_to_far_more_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "w.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("vertices_m.npy", bytes(20_000_000))
    with pytest.raises(ConfigError, match="`vertices_m`: longer than"):
        world_file.load(tmp_path / "w.npz")
    with zipfile.ZipFile(tmp_path / "w.npz", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("vertices_m.npy", bytes(20))
    with pytest.raises(ConfigError, match="`vertices_m`: packed in an unknown way"):
        world_file.load(tmp_path / "w.npz")


# --- what is no world file at all ---


@pytest.mark.parametrize("data", [b"", b"PK", b"\0" * 100, pickle.dumps([1]), b"name = 'x'\n"])
def test_foreign_bytes_are_told_in_words(tmp_path, data):
    with pytest.raises(ConfigError, match=r"mine.npz: not a world file \(.npz\), or a damaged one"):
        read(tmp_path, data)


def test_what_cannot_be_read_is_told_in_words(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        world_file.load(tmp_path / "none.npz")
    with pytest.raises(ConfigError, match="not a file"):
        world_file.load(tmp_path)
    os.mkfifo(tmp_path / "pipe.npz")
    with pytest.raises(ConfigError, match="not a file"):
        world_file.load(tmp_path / "pipe.npz")
    with pytest.raises(ConfigError, match="cannot be read: File name too long"):
        world_file.load(tmp_path / ("x" * 300))
    with (tmp_path / "long.npz").open("wb") as long:
        long.truncate(1 << 40)
    with pytest.raises(ConfigError, match="1099511627776 bytes long"):
        world_file.load(tmp_path / "long.npz")


GOOD = packed()
edits = st.lists(
    st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=20
)


def load_or_refuse(path, data):
    path.write_bytes(data)
    with contextlib.suppress(ConfigError):
        file = world_file.load(path)
        world_file.unreachable(file)
        world_file.check_pairs(file, 0.2)


@settings(max_examples=150, deadline=None)
@given(length=st.integers(0, len(GOOD) - 1))
def test_a_truncated_file_is_refused_in_words(tmp_path_factory, length):
    path = tmp_path_factory.getbasetemp() / "cut.npz"
    path.write_bytes(GOOD[:length])
    with pytest.raises(ConfigError, match=r"cut\.npz"):
        world_file.load(path)


@settings(max_examples=300, deadline=None)
@given(edits=edits)
def test_a_garbled_file_is_read_or_refused_in_words(tmp_path_factory, edits):
    data = bytearray(GOOD)
    for at, value in edits:
        data[at] = value
    load_or_refuse(tmp_path_factory.getbasetemp() / "garbled.npz", bytes(data))


@settings(max_examples=300, deadline=None)
@given(name=st.sampled_from(sorted(arrays())), edits=edits, cut=st.integers(0, 400))
def test_a_garbled_array_is_read_or_refused_in_words(tmp_path_factory, name, edits, cut):
    """The archive is whole, with good checksums: the array itself is what is wrong."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(GOOD)) as good, zipfile.ZipFile(buffer, "w") as bad:
        for member in good.namelist():
            data = bytearray(good.read(member))
            if member == f"{name}.npy":
                for at, value in edits:
                    data[at % len(data)] = value
                data = data[: len(data) - cut // 10]
            bad.writestr(member, bytes(data))
    load_or_refuse(tmp_path_factory.getbasetemp() / "array.npz", buffer.getvalue())


# --- saving ---


def test_what_cannot_be_loaded_is_not_saved(tmp_path):
    file = read(tmp_path, packed())
    posted = msgspec.structs.replace(file.world, disc=[Disc((2.0, 2.0), 0.5)])
    with pytest.raises(ConfigError, match="the world has 1 discs; a world file holds polygons"):
        world_file.save(tmp_path / "w.npz", replace(file, world=posted))
    with pytest.raises(ConfigError, match=r"w.npz: `goals`: 1 rows; 2"):
        world_file.save(tmp_path / "w.npz", replace(file, goals=file.goals[:1]))
    with pytest.raises(ConfigError, match=r"w.npz: `starts`: of shape \(2, 2\)"):
        world_file.save(tmp_path / "w.npz", replace(file, starts=file.goals))
    assert not (tmp_path / "w.npz").exists()


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path):
    file = read(tmp_path, packed())
    for bad in ("none/w.npz", "mine.npz/w.npz"):
        with pytest.raises(MachineError, match=r"cannot write .*w.npz: "):
            world_file.save(tmp_path / bad, file)
    (tmp_path / "folder.npz").mkdir()
    with pytest.raises(MachineError, match=r"cannot write .*folder.npz: Is a directory"):
        world_file.save(tmp_path / "folder.npz", file)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["folder.npz", "mine.npz"]


# --- pairs ---


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ((0.0, 0.0), r"`starts\[1\]`: \(0, 0\) lies inside polygon\[0\]"),
        ((6.0, 0.0), r"`starts\[1\]`: \(6, 0\) lies outside the room"),
        ((1.1, 0.0), r"`starts\[1\]`: .* is 0.100 m from polygon\[0\] .*0.17 m is wanted"),
        ((4.9, 0.0), r"`starts\[1\]`: .* is 0.100 m from the room's outline"),
    ],
)
def test_a_start_without_room_for_the_body_is_named(place, message):
    file = build([SQUARE], [((-4, -4), (4, 4)), (place, (4, 4))])
    with pytest.raises(ConfigError, match=rf'world "test": {message}'):
        world_file.check_pairs(file, 0.17)


def test_a_body_may_start_at_exactly_its_radius():
    world_file.check_pairs(build([SQUARE], [((1.25, 0), (4, 4))]), 0.25)


def test_a_closed_room_is_unreachable_from_outside_and_from_inside():
    inside, outside = (2.5, 2.5), (-3.0, -3.0)
    pairs = [(outside, (3, -3)), (outside, inside), (inside, outside), (inside, (2, 3))]
    assert world_file.unreachable(build(CLOSED, pairs)) == [1, 2]


@pytest.mark.parametrize(("door_m", "closed"), [(0.5, [0]), (0.7, []), (1.0, [])])
@pytest.mark.parametrize("angle", [0.0, 0.4])
def test_a_door_lets_the_disc_through_where_it_is_wide_enough(door_m, closed, angle):
    def turn(point):
        x, y = point
        c, s = math.cos(angle), math.sin(angle)
        return (c * x - s * y, s * x + c * y)

    walls = [
        [(-0.1, -5), (0.1, -5), (0.1, -door_m / 2), (-0.1, -door_m / 2)],
        [(-0.1, door_m / 2), (0.1, door_m / 2), (0.1, 5), (-0.1, 5)],
    ]
    room = [turn(p) for p in ROOM]
    polygons = [[turn(p) for p in wall] for wall in walls]
    file = build(polygons, [(turn((-3, 3)), turn((3, 3)))], room)
    assert world_file.unreachable(file, 0.30) == closed


def test_a_place_where_the_disc_does_not_fit_is_unreachable():
    here = (-3.0, -3.0)
    pairs = [(here, (0, 0)), (here, (1.1, 0)), (here, (9, 9)), ((1.1, 0), here), (here, (3, 0))]
    assert world_file.unreachable(build([SQUARE], pairs)) == [0, 1, 2, 3]


def test_posts_and_thin_walls_stop_the_smallest_disc():
    fence = [[(0.0, -5.0), (0.01, -5.0), (0.01, 5.0), (0.0, 5.0)]]
    assert world_file.unreachable(build(fence, [((-3, 0), (3, 0))]), 0.02) == [0]
    posts = [Disc((0.0, y / 2), 0.1) for y in range(-10, 11)]
    assert world_file.unreachable(build([], [((-3, 0), (3, 0))], discs=posts), 0.3) == [0]
    assert world_file.unreachable(build([], [((-3, 0), (3, 0))], discs=posts), 0.1) == []


def test_a_room_too_large_to_search_is_told_in_words():
    room = [(x * 1000, y * 1000) for x, y in ROOM]
    with pytest.raises(ConfigError, match=r"10000 m x 10000 m is too large .* 100 m x 100 m"):
        world_file.unreachable(build([], [((0, 0), (1, 1))], room))


@given(x=st.floats(-6, 6), y=st.floats(-6, 6))
def test_clearance_says_what_the_check_of_a_single_place_says(x, y):
    place = build([SQUARE, TRIANGLE], [((-4, -4), (4, 4))], discs=[Disc((3.0, -3.0), 0.5)]).world
    gap = float(free_floor.clearance_m(place, np.array([(x, y)]))[0])
    world.check_place(place, (x, y), "here", max(gap - 1e-6, 0.0)) if gap > 1e-6 else None
    with pytest.raises(ConfigError):
        world.check_place(place, (x, y), "here", max(gap, 0.0) + 1e-6)


def test_the_published_world_has_two_hundred_pairs_that_can_be_driven():
    path = DATA / "sddpg" / "world.npz"
    if not path.is_file():
        pytest.skip(f"no recordings in {DATA} (set NEUROLOOP_DATA)")
    file = world_file.load(path)
    world_file.check_pairs(file, 0.30)
    assert len(file.world.polygon) == 33
    assert len(file.starts) == 200
    assert world_file.unreachable(file) == []
    assert len(world_file.unreachable(file, 1.0)) == 200
