import os
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroloop.calibrate import body_file
from neuroloop.calibrate.formula import Lengths
from neuroloop.core.errors import ConfigError, MachineError

ROVER = Path(find_spec("sims").submodule_search_locations[0], "bodies", "rover.toml")
FOUND = Lengths(0.0367512345, 0.218499)
OWN = """\
# mine, do not lose this
name = "mine"   # [drive] in a comment
radius_m = 0.17

[drive]         # measured twice
kind = "differential"
wheel_radius_m   =  0.035      # with a tape
  wheel_separation_m = 2.3e-1\t# by eye
max_wheel_mps = 0.5
max_wheel_mps2 = 2.0

[lidar.front]
beams = 36
"""


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(OWN)
    return path


def test_two_numbers_change_and_nothing_else(own):
    body_file.write(own, own, FOUND)
    assert own.read_text() == OWN.replace("0.035", "0.0367512").replace("2.3e-1", "0.218499")
    assert [p.name for p in own.parent.iterdir()] == ["mine.toml"]


@given(st.floats(1e-4, 1), st.floats(1e-4, 10))
def test_whatever_is_found_is_read_back(radius, separation):
    drive = tomllib.loads(body_file.changed(OWN, Lengths(radius, separation), "x"))["drive"]
    assert drive["wheel_radius_m"] == pytest.approx(radius, rel=1e-5)
    assert drive["wheel_separation_m"] == pytest.approx(separation, rel=1e-5)


def test_line_ends_of_windows_stay(own):
    own.write_bytes(OWN.replace("\n", "\r\n").encode())
    body_file.write(own, own, FOUND)
    content = own.read_bytes()
    assert content.count(b"\r\n") == content.count(b"\n") == OWN.count("\n")


def test_dotted_names_at_the_top_are_found():
    text = 'name = "x"\nradius_m = 0.2\ndrive.kind = "differential"\n'
    text += "drive . wheel_radius_m = 1\ndrive.wheel_separation_m = 2.0 # far\n"
    changed = body_file.changed(text, FOUND, "x")
    assert "drive . wheel_radius_m = 0.0367512\n" in changed
    assert "drive.wheel_separation_m = 0.218499 # far\n" in changed


@pytest.mark.parametrize(
    "text",
    [
        'drive = { kind = "differential", wheel_radius_m = 0.035, wheel_separation_m = 0.23 }\n',
        '[drive]\n"wheel_radius_m" = 0.035\nwheel_separation_m = 0.23\n',
        'note = """\n[drive]\nwheel_radius_m = 0.035\n"""\n'
        "[drive]\nwheel_radius_m = 0.035\nwheel_separation_m = 0.23\n",
    ],
)
def test_another_way_of_writing_is_left_to_its_writer(text):
    with pytest.raises(ConfigError, match=r"wheel_radius_m = 0.0367512, wheel_separation_m = 0.2"):
        body_file.changed(text, FOUND, "x")


def test_an_impossible_body_is_not_written(own):
    with pytest.raises(ConfigError, match="wider than the body"):
        body_file.write(own, own, Lengths(0.035, 0.5))
    assert own.read_text() == OWN


def test_mode_and_link_stay(own, tmp_path):
    own.chmod(0o640)
    link = tmp_path / "link.toml"
    link.symlink_to(own)
    body_file.write(link, link, FOUND)
    assert link.is_symlink()
    assert "0.0367512" in own.read_text()
    assert own.stat().st_mode & 0o777 == 0o640


def test_a_file_of_the_package_is_left_alone_and_may_be_copied(tmp_path):
    copy = tmp_path / "mine.toml"
    assert body_file.shipped(ROVER)
    with pytest.raises(ConfigError, match=r"--body my_rover\.toml"):
        body_file.target(ROVER, None)
    assert body_file.target(ROVER, copy) == copy
    body_file.write(ROVER, copy, FOUND)
    assert copy.read_text() == ROVER.read_text().replace("0.035", "0.0367512").replace(
        "wheel_separation_m = 0.23", "wheel_separation_m = 0.218499"
    )


def test_another_file_is_never_overwritten(own, tmp_path):
    other = tmp_path / "other.toml"
    other.write_text("precious")
    with pytest.raises(ConfigError, match="is there already"):
        body_file.target(own, other)
    assert body_file.target(own, Path(os.path.relpath(own))) == own


def test_a_folder_that_is_not_there_is_named(own, tmp_path):
    with pytest.raises(MachineError, match=r"nowhere/x\.toml: cannot be written"):
        body_file.write(own, tmp_path / "nowhere" / "x.toml", FOUND)
