import math
from pathlib import Path

import msgspec
import pytest

from neuroloop.config import body, toml, world
from neuroloop.core.errors import ConfigError
from neuroloop.core.world import Disc, Polygon, World

SIMS = Path(__file__).parents[2] / "sims"
ROOM = [(-5.0, -5.0), (5.0, -5.0), (5.0, 5.0), (-5.0, 5.0)]
SQUARE = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]
GOOD = """
name = "test"
room = [[-5, -5], [5, -5], [5, 5], [-5, 5]]
start = [0, 0, 0]
goal = [4, 4]
"""
ROVER = (SIMS / "bodies" / "rover.toml").read_text()


def build(room=ROOM, start=(-2.0, 0.0, 0.0), goal=None, polygons=(), discs=()):
    return World(
        "test", room, start, goal, polygon=[Polygon(p) for p in polygons], disc=list(discs)
    )


def load(tmp_path, text, name="mine"):
    (tmp_path / f"{name}.toml").write_text(text)
    return world.load(name, tmp_path, "plant.world")


# --- what comes along ---


@pytest.mark.parametrize("path", sorted((SIMS / "worlds").glob("*.toml")), ids=lambda p: p.stem)
def test_every_world_that_comes_along_has_room_for_the_rover(path):
    rover = body.load("rover", Path(), "plant.body")
    found = world.load(path.stem, Path(), "plant.world")
    world.check(found, path.name, rover.radius_m)
    assert found.name == path.stem
    assert found.goal is not None or found.target


@pytest.mark.parametrize("path", sorted((SIMS / "bodies").glob("*.toml")), ids=lambda p: p.stem)
def test_every_body_that_comes_along_loads(path):
    assert body.load(path.stem, Path(), "plant.body").name == path.stem


def test_a_file_beside_the_run_file_goes_before_one_that_comes_along(tmp_path):
    assert load(tmp_path, GOOD, "boxes").name == "test"


# --- outlines ---


@pytest.mark.parametrize(
    ("outline", "message"),
    [
        ([(0, 0), (1, 1), (0, 0)], r"2 distinct points \[\(0, 0\), \(1, 1\), \(0, 0\)\]"),
        ([(0, 0), (1, 1), (2, 2)], "crosses itself|encloses no area"),
        ([(0, 0), (1, 1), (1, 0), (0, 1)], r"edge from \(0, 0\) to \(1, 1\) meets"),
        ([(0, 0), (2, 0), (1, 0), (1, 1)], "crosses itself"),
        ([(0, 0), (2, 0), (2, 2), (1, 0), (0, 2)], "crosses itself"),
        ([(0, 0), (1, 0), (1, 1), (0, 0), (-1, 0), (-1, -1)], "crosses itself"),
        ([(0, 0), (1e-6, 0), (0, 1e-6)], "encloses no area"),
    ],
)
def test_a_bad_outline_is_named_by_number_and_coordinates(outline, message):
    with pytest.raises(ConfigError, match=r"`polygon\[1\]`: .*(" + message + ")"):
        world.check(build(polygons=[SQUARE, outline]), "world")
    with pytest.raises(ConfigError, match="`room`"):
        world.check(build(room=outline), "world")


def test_outlines_may_repeat_a_point_run_either_way_and_overlap():
    closed = [*SQUARE, SQUARE[0]]
    shifted = [(x + 0.5, y + 0.5) for x, y in SQUARE]
    across_the_room = [(x + 4.5, y) for x, y in SQUARE]
    world.check(build(polygons=[closed, SQUARE[::-1], shifted, across_the_room]), "world")


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_named(number):
    with pytest.raises(ConfigError, match=r"`polygon\[0\].points\[1\]\[0\]`: is .*finite"):
        world.check(build(polygons=[[(0, 0), (number, 0), (1, 1)]]), "world")
    with pytest.raises(ConfigError, match=r"`start\[2\]`"):
        world.check(build(start=(0.0, 0.0, number)), "world")
    with pytest.raises(ConfigError, match=r"`disc\[0\].centre\[0\]`"):
        world.check(build(discs=[Disc((number, 0.0), 1.0)]), "world")


# --- start and goal ---


@pytest.mark.parametrize("what", ["start", "goal"])
@pytest.mark.parametrize(
    ("place", "message"),
    [
        ((6.0, 0.0), r"\(6, 0\) lies outside the room"),
        ((0.5, 0.5), r"\(0.5, 0.5\) lies inside polygon\[0\] \[\(0, 0\), \(1, 0\)"),
        ((3.0, 3.1), r"\(3, 3.1\) lies inside disc\[0\] of 0.5 m round \(3, 3\)"),
    ],
)
def test_start_and_goal_lie_in_free_space(what, place, message):
    named = {what: (*place, 0.0) if what == "start" else place}
    with pytest.raises(ConfigError, match=f"`{what}`: {message}"):
        world.check(build(polygons=[SQUARE], discs=[Disc((3.0, 3.0), 0.5)], **named), "world")


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ((-4.9, 0.0, 0.0), "0.100 m from the room's outline"),
        ((0.5, -0.1, 0.0), r"0.100 m from polygon\[0\]"),
        ((3.0, 3.6, 0.0), r"0.100 m from disc\[0\]"),
    ],
)
def test_the_body_fits_at_the_start(start, message):
    crowded = build(start=start, polygons=[SQUARE], discs=[Disc((3.0, 3.0), 0.5)])
    world.check(crowded, "world", body_radius_m=0.05)
    with pytest.raises(ConfigError, match=f"{message}.*0.17 m is wanted"):
        world.check(crowded, "world", body_radius_m=0.17)


# --- files ---


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no settings"),
        ("# only words\n", "holds no settings"),
        ("name = \n", r"not valid TOML: .*line 1"),
        ("name = 'a'\nname = 'b'\n", "not valid TOML"),
        ("a = " + "[" * 5000, "not valid TOML"),
        ('name = "x"\n', "missing required field `room`"),
        (GOOD.replace("goal", "gaol"), '`gaol`: no such setting.*did you mean "goal"'),
        (GOOD.replace("[0, 0, 0]", "[0, 0]"), "`start`: .*length 3"),
        (GOOD.replace('"test"', "3"), "`name`: expected `str`, got `int`"),
        (GOOD.replace("[-5, 5]]", "['a', 5]]"), r"`room\[3\]\[0\]`: expected `float`, got `str`"),
        (GOOD.replace("[4, 4]", "[nan, 4]"), r"`goal\[0\]`: is nan"),
        (GOOD + "[[polygon]]\npoints = [[1, 1], [2, 1]]", r"`polygon\[0\].points`: .*length >= 3"),
        (GOOD + "[[polygon]]\ncolour = 1\n", r"`polygon\[0\].colour`.*known: grey, height_m"),
        (GOOD + "[[disc]]\ncentre = [1, 1]\nradius_m = 0\n", r"`disc\[0\].radius_m`: .*> 0"),
        (GOOD + "[[disc]]\ncentre = [1, 1]\nradius_m = 1\ngrey = 2", r"`disc\[0\].grey`: .*<= 1"),
        (GOOD.replace("[0, 0, 0]", "[9, 0, 0]"), "`start`: .*outside the room"),
    ],
)
def test_a_bad_world_file_is_told_in_words(tmp_path, text, message):
    with pytest.raises(ConfigError, match=rf"(?s)plant.world: .*mine.toml: .*{message}"):
        load(tmp_path, text)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("radius_m = 0.17", "radius = 0.17", '`radius`: no such setting.*"radius_m"'),
        ("beams = 36", "beams = 0", r"`lidar.lidar.beams`: .*>= 1"),
        ("beams = 36", "beam = 36", '`lidar.lidar.beam`: no such setting.*"beams"'),
        ("max_wheel_mps =", "max_whel_mps =", '`drive.max_whel_mps`.*"max_wheel_mps"'),
        ('kind = "differential"', 'kind = "legs"', "`drive.kind`: .*legs"),
        ("min_m = 0.05", "min_m = 20.0", "`lidar.lidar`: min_m 20.0 is not below max_m"),
        ("mass_kg = 3.4", "mass_kg = inf", "`mass_kg`: is inf"),
        ("separation_m = 0.23", "separation_m = 0.5", "`drive.wheel_separation_m`: 0.5 is wider"),
        ("width = 64", "width = true", "`camera.camera.width`: expected `int`, got `bool`"),
    ],
)
def test_a_bad_body_file_is_told_in_words(tmp_path, old, new, message):
    assert old in ROVER
    (tmp_path / "mine.toml").write_text(ROVER.replace(old, new))
    with pytest.raises(ConfigError, match=f"plant.body: .*mine.toml: {message}"):
        body.load("mine", tmp_path, "plant.body")


def test_a_binary_file_is_told_in_words(tmp_path):
    (tmp_path / "mine.toml").write_bytes(b"\x00\xff\xfe" * 20)
    with pytest.raises(ConfigError, match="byte 1 is not UTF-8"):
        world.load("mine", tmp_path, "plant.world")


def test_an_unreadable_file_is_told_in_words(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        toml.read(tmp_path)
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        toml.read(tmp_path / "none.toml")


def test_an_unknown_name_offers_the_nearest():
    with pytest.raises(ConfigError, match=r'no file "boxs".*did you mean "boxes"'):
        world.load("boxs", Path(), "plant.world")


# --- the decoder by itself ---


class Inner(msgspec.Struct, forbid_unknown_fields=True, tag="inner"):
    size: int = 1


class Other(msgspec.Struct, forbid_unknown_fields=True, tag="other"):
    weight: float = 1.0


class Outer(msgspec.Struct, forbid_unknown_fields=True):
    one: Inner | None = None
    either: Inner | Other | None = None
    many: dict[str, Inner] = {}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"one": {"sise": 2}}, '`one.sise`: no such setting.*"size"'),
        ({"either": {"type": "other", "wait": 2}}, '`either.wait`: no such setting.*"weight"'),
        ({"many": {"a": {}, "b": {"size": "x"}}}, "`many.b.size`: expected `int`, got `str`"),
        ({"many": {"a": {}, "b": {"sise": 1}}}, '`many.b.sise`: .*"size"'),
        ([], "file: expected `object`, got `array`"),
    ],
)
def test_the_place_of_a_mistake_is_exact(data, message):
    with pytest.raises(ConfigError, match=message):
        toml.convert(data, Outer, "file")


def test_values_come_out_typed():
    got = toml.convert({"either": {"type": "other", "weight": 2}}, Outer, "file")
    assert got.either == Other(2.0)
