"""A robot that differs from its body file: its commands believe the file, its wheels do not."""

import math

import msgspec
import numpy as np
import pytest

from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Site
from sims import bullet, plane

ERRORS = [(0.0, 0.0), (0.05, -0.05), (-0.2, 0.1)]


def drive(plant, left, right, seconds):
    """Drive, then stand; returns the way and the turn, from standing to standing."""
    start = plant.pose()[:2]
    turned = 0.0
    for wheels, ticks in (((left, right), round(seconds * 100)), ((0.0, 0.0), 100)):
        plant.command(np.array(wheels, np.float32))
        for _ in range(ticks):
            before = plant.pose()[2]
            plant.advance(plant.t_us + 10_000)
            turned += math.remainder(plant.pose()[2] - before, math.tau)
    return math.dist(start, plant.pose()[:2]), turned


def made(radius, separation, **more):
    config = plane.Config(
        "empty", wheel_radius_error=radius, wheel_separation_error=separation, **more
    )
    return plane.build(config, Site("plant", 1, 10_000))


@pytest.mark.parametrize(("radius", "separation"), ERRORS)
def test_the_plane_goes_by_its_real_wheels(radius, separation):
    plant = made(radius, separation)
    way, _ = drive(plant, 0.25, 0.25, 4.0)
    _, turned = drive(plant, -0.125, 0.125, 4.0)
    assert way == pytest.approx(1.0 * (1 + radius), rel=1e-9)
    assert turned == pytest.approx(1.0 / 0.23 * (1 + radius) / (1 + separation), rel=1e-9)


@pytest.mark.parametrize(("radius", "separation"), ERRORS)
def test_bullet_goes_by_its_real_wheels(open_bullet, radius, separation):
    with open_bullet(wheel_radius_error=radius, wheel_separation_error=separation) as plant:
        way, _ = drive(plant, 0.25, 0.25, 4.0)
        _, turned = drive(plant, -0.125, 0.125, 4.0)
    assert way == pytest.approx(1.0 * (1 + radius), rel=2e-3)
    # a spinning robot skids a little when its wheels stop, in whatever it had turned before
    assert turned == pytest.approx(1.0 / 0.23 * (1 + radius) / (1 + separation), abs=0.015)


def test_the_motors_limits_are_those_of_the_body_file():
    plant = made(0.2, 0.0)
    assert plant.body.limits == (0.5, 0.5)
    plant.command(np.array([9.0, 9.0], np.float32))
    plant.advance(2_000_000)
    assert plant.twist()[0] == pytest.approx(0.5 * 1.2)


def test_slip_takes_its_part_of_what_the_real_wheels_go():
    assert drive(made(0.1, 0.0, slip=0.2), 0.25, 0.25, 4.0)[0] == pytest.approx(1.1 * 0.8)


@pytest.mark.parametrize("module", [plane, bullet])
@pytest.mark.parametrize("name", ["wheel_radius_error", "wheel_separation_error"])
@pytest.mark.parametrize("error", [-0.31, 0.31])
def test_an_error_beyond_what_is_plausible_is_refused(module, name, error):
    with pytest.raises(msgspec.ValidationError, match=name):
        msgspec.convert({"world": "empty", name: error}, module.Config)


def test_a_robot_from_a_urdf_file_has_the_wheels_of_that_file(open_bullet, tmp_path):
    (tmp_path / "own.toml").write_text(
        'name = "own"\nradius_m = 0.2\nurdf = "own.urdf"\n[drive]\nkind = "differential"\n'
        "wheel_radius_m = 0.035\nwheel_separation_m = 0.23\nmax_wheel_mps = 0.5\n"
        "max_wheel_mps2 = 2.0\n"
    )
    with pytest.raises(ConfigError, match="those of its URDF file"):
        open_bullet(folder=tmp_path, body="own", wheel_radius_error=0.1)
