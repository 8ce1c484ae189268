"""Random courses of the follow bench: possible ones, the same from the same seed."""

from pathlib import Path

import pytest

from neuroloop.bench.follow import courses
from neuroloop.config import target, world
from neuroloop.core.errors import ConfigError


@pytest.fixture(scope="module")
def room():
    return world.load("chase", Path(), "test")


@pytest.mark.parametrize("seed", range(4))
def test_a_course_is_a_world_that_can_be(room, seed, tmp_path):
    made = courses.course(room, seed)
    assert len(made.target) == 1
    assert len(made.target[0].path) == courses.CORNERS
    target.check(made, "test", 0.17)
    path = tmp_path / "made.toml"
    courses.write(made, path)
    assert world.load(str(path), tmp_path, "test") == made


def test_another_seed_is_another_course(room):
    assert courses.course(room, 1) == courses.course(room, 1)
    assert courses.course(room, 1).target != courses.course(room, 2).target


def test_a_world_without_free_floor_is_refused():
    with pytest.raises(ConfigError, match=r"no place 1\.0 m from everything"):
        courses.course(world.load("corridor", Path(), "test"), 0)
