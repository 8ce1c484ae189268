"""A robot that is not what its body file says is found out, through loop, guard and motors."""

import io
import json
import sys

import pytest

from neuroloop.calibrate.calibration import Plan, driven
from neuroloop.calibrate.formula import Way
from neuroloop.config import runfile
from neuroloop.config.resolve import data_file
from neuroloop.core.errors import ConfigError, PartError

PLANTED = ["plant.wheel_radius_error=0.05", "plant.wheel_separation_error=-0.05"]
SHORT = Plan(metres=1.0, radians=6.0)


def calibrated(*changes, plan=SHORT):
    return driven(runfile.load("calibrate", changes), plan, None)


@pytest.mark.parametrize("kind", ["plane", pytest.param("bullet", marks=pytest.mark.slow)])
def test_planted_errors_are_recovered(command, kind):
    if kind == "bullet":
        pytest.importorskip("pybullet")
    changes = [word for planted in PLANTED for word in ("--set", planted)]
    code, out, _ = command("calibrate", "--set", f"plant.kind={kind}", *changes, "--json")
    found = json.loads(out)
    assert code == 0
    assert found["wheel_radius_m"]["new"] == pytest.approx(0.035 * 1.05, rel=5e-3)
    assert found["wheel_separation_m"]["new"] == pytest.approx(0.23 * 0.95, rel=5e-3)


def test_a_robot_that_is_as_its_file_says_is_left_as_it_is():
    found = calibrated().found
    assert found.wheel_radius_m == pytest.approx(0.035, rel=1e-3)
    assert found.wheel_separation_m == pytest.approx(0.23, rel=1e-3)


@pytest.mark.parametrize(
    "change",
    [
        "plant.slip=0.1",
        "plant.command_delay_ms=150",
        "guard.max_accel_mps2=0.2",
        "guard.max_speed_mps=0.1",
        "clock.dt_us=20000",
    ],
)
def test_neither_slow_motors_nor_a_careful_guard_change_what_is_found(change):
    found = calibrated(*PLANTED, change).found
    slip = 0.9 if "slip" in change else 1.0
    assert found.wheel_radius_m == pytest.approx(0.035 * 1.05 * slip, rel=1e-3)
    assert found.wheel_separation_m == pytest.approx(0.23 * 0.95, rel=1e-3)


def test_sluggish_wheels_reach_full_speed_all_the_same(tmp_path):
    rover = data_file("bodies", "rover", tmp_path, "test").read_text()
    slow = tmp_path / "slow.toml"
    slow.write_text(rover.replace("max_wheel_mps2 = 2.0", "max_wheel_mps2 = 0.05"))
    found = calibrated(*PLANTED, f"plant.body={slow}").found
    assert found.wheel_radius_m == pytest.approx(0.035 * 1.05, rel=1e-3)
    assert found.wheel_separation_m == pytest.approx(0.23 * 0.95, rel=1e-3)


def test_the_calibrated_robot_goes_as_far_as_it_is_told(command, tmp_path):
    copy = tmp_path / "mine.toml"
    changes = [word for planted in PLANTED for word in ("--set", planted)]
    code, out, _ = command("calibrate", *changes, "--body", copy, "--write")
    assert code == 0
    assert f"plant.body={copy}" in out
    # the same robot, of which the new file is right
    again = calibrated(f"plant.body={copy}")
    for leg in again.legs:
        assert leg.measured == pytest.approx(leg.commanded, rel=1e-3)


def test_the_network_never_drives_and_all_four_ways_are_driven():
    result = calibrated()
    assert [leg.way for leg in result.legs] == list(Way)
    assert all(leg.commanded == pytest.approx(1.0, rel=0.02) for leg in result.legs[:2])
    assert all(leg.commanded == pytest.approx(6.0, rel=0.02) for leg in result.legs[2:])


def test_an_obstacle_on_the_way_ends_it_in_words():
    with pytest.raises(PartError, match=r"forward: the robot touched an obstacle after 4\.\d+ m"):
        calibrated("guard.reflex=false", plan=Plan(metres=20.0))


def test_a_guard_that_does_not_let_it_drive_is_quoted(tmp_path):
    with pytest.raises(PartError, match="forward: the guard held the robot back after"):
        calibrated("guard.max_speed_mps=0.001")


def test_what_has_a_goal_or_an_end_is_driven_all_the_same():
    found = calibrated("run.seconds=1", plan=Plan(metres=4.4, radians=6.0)).legs[0]
    assert found.measured == pytest.approx(found.commanded, rel=1e-3)


# --- without a plant ---

REAL = """
[clock]
kind = "wall"
[engine]
kind = "float"
network = "net.py:silent"
[decoder.wheels]
kind = "linear"
input = "motor"
weights = [[0.01, 0.0], [0.0, 0.01]]
[actuator.wheels]
kind = "none"
body = "mine.toml"
"""


@pytest.fixture
def real(tmp_path):
    """A robot of somebody's own, that is not simulated."""
    nets = runfile.load("calibrate").folder / "calibrate_net.py"
    (tmp_path / "net.py").write_text(nets.read_text())
    rover = data_file("bodies", "rover", tmp_path, "test").read_text()
    (tmp_path / "mine.toml").write_text(rover)
    (tmp_path / "robot.toml").write_text(REAL)
    return tmp_path / "robot.toml"


class Person(io.StringIO):
    """What a person types at a terminal."""

    def isatty(self):
        return True


@pytest.mark.slow
def test_a_person_is_asked_whether_the_way_is_free_and_then_how_far_it_went(
    command, real, monkeypatch
):
    monkeypatch.setattr(sys, "stdin", Person("y\n0.21\n0.21\n99.5\n99.5\n"))
    changes = ["--set", "guard.arm=manual", "--metres", 0.2, "--degrees", 90]
    code, out, err = command("calibrate", real, *changes, "--json")
    assert code == 0, err
    assert "Is the way free?" in err
    for asked in ("forward: commanded 0.20", "backward", "left: commanded 90.", "right"):
        assert asked in err
    found = json.loads(out)
    radius = found["wheel_radius_m"]["new"]
    assert radius == pytest.approx(0.035 * 1.05, rel=0.02)
    assert found["wheel_separation_m"]["new"] == pytest.approx(0.23 * 0.95, rel=0.03)


def test_nothing_moves_where_the_way_is_not_free(command, real, monkeypatch):
    monkeypatch.setattr(sys, "stdin", Person("n\n"))
    code, out, _ = command("calibrate", real)
    assert code == 1
    assert "commanded" not in out


def test_what_was_measured_before_is_enough(command, real):
    measured = ["--measured-m", 2.1, "--measured-deg", 720 * 1.05 / 0.95]
    code, out, _ = command("calibrate", real, *measured, "--write")
    assert code == 0
    written = (real.parent / "mine.toml").read_text()
    assert "wheel_radius_m = 0.03675\n" in written
    assert "wheel_separation_m = 0.2185\n" in written
    assert str(real.parent / "mine.toml") in out


def test_nothing_is_written_unless_asked(command, real):
    before = (real.parent / "mine.toml").read_text()
    code, out, _ = command("calibrate", real, "--measured-m", 2.1, "--measured-deg", 700)
    assert code == 0
    assert "nothing was written" in out
    assert (real.parent / "mine.toml").read_text() == before


def test_one_measurement_alone_is_refused(command, real):
    code, _, err = command("calibrate", real, "--measured-m", 2.1)
    assert code == 2
    assert "go together" in err


def test_without_plant_and_terminal_nothing_moves(command, real):
    code, _, err = command("calibrate", real)
    assert code == 2
    assert "--measured-m and --measured-deg" in err


def test_a_real_robot_is_driven_in_real_time_alone(real):
    run = runfile.load(str(real), ["clock.kind=step"])
    with pytest.raises(ConfigError, match="in real time"):
        driven(run, SHORT, lambda way, commanded: commanded)


def test_a_shipped_body_is_refused_before_anything_moves(command):
    code, _, err = command("calibrate", "--write", "--metres", 100)
    assert code == 2
    assert "comes with the package" in err
    assert "--body" in err


def test_what_has_no_such_actuator_is_refused(command):
    code, _, err = command("calibrate", "--limb", "weels")
    assert code == 2
    assert 'did you mean "wheels"' in err
