"""Errors name the nearest known name."""

import pytest

from neuroloop.core.errors import ConfigError, Exit, MachineError, PartError, nearest


def test_nearest_name_is_offered_and_all_are_listed():
    assert nearest("lidr", {"lidar", "camera"}) == ' (did you mean "lidar"? known: camera, lidar)'


def test_nothing_near_lists_all():
    assert nearest("xyz", ["lidar"]) == " (known: lidar)"


def test_nothing_known_says_nothing():
    assert nearest("x", []) == ""


@pytest.mark.parametrize(
    ("error", "code"),
    [(ConfigError, Exit.USAGE), (PartError, Exit.PART_FAILED), (MachineError, Exit.MACHINE)],
)
def test_each_error_has_its_exit_code(error, code):
    assert error("x").exit_code is code
