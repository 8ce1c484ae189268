"""Colours, deep pixels, parts of pictures and lenses, against what they should give."""

import math
import os
from importlib.util import find_spec

import numpy as np
import pytest

from neuroloop.core.errors import ConfigError
from sensors import _bearings
from sensors.camera import _calibration
from sensors.camera._optics import Look, Optics

pytestmark = pytest.mark.skipif(
    find_spec("cv2") is None and os.environ.get("CI") != "true",
    reason="no OpenCV; pip install opencv-python-headless",
)

WIDTH, HEIGHT = 160, 120
TOML = """
image_width = 160
image_height = 120
camera_matrix = [[120.0, 0.0, 79.5], [0.0, 120.0, 59.5], [0.0, 0.0, 1.0]]
distortion_coefficients = [{k1}, 0.0, 0.0, 0.0, 0.0]
"""
ROS = """image_width: 160
image_height: 120
camera_name: wide
camera_matrix:
  rows: 3
  cols: 3
  data: [120.0, 0.0, 79.5, 0.0, 120.0, 59.5, 0.0, 0.0, 1.0]
distortion_model: plumb_bob
distortion_coefficients:
  rows: 1
  cols: 5
  data: [-0.25, 0.0, 0.0, 0.0, 0.0]
"""
OPENCV = """%YAML:1.0
---
image_width: 160
image_height: 120
camera_matrix: !!opencv-matrix
   rows: 3
   cols: 3
   dt: d
   data: [ 120., 0., 79.5, 0., 120., 59.5, 0., 0., 1. ]
distortion_coefficients: !!opencv-matrix
   rows: 5
   cols: 1
   dt: d
   data: [ -0.25, 0., 0., 0., 0. ]
"""


@pytest.fixture
def cv2():
    import cv2

    return cv2


def optics(cv2, width=WIDTH, height=HEIGHT, *, fov=60.0, crop=None, **known):
    size = known.get("size", (WIDTH, HEIGHT))
    return Optics(cv2, Look(width, height, fov, crop), known.get("calibration"), size)


def lens(tmp_path, cv2, text=None, name="lens.toml", k1=-0.25):
    path = tmp_path / name
    path.write_text(TOML.format(k1=k1) if text is None else text)
    return _calibration.load(path, cv2)


def test_colour_becomes_luma(cv2):
    colours = np.array([[[200, 0, 0], [0, 200, 0], [0, 0, 200], [90, 90, 90]]], np.uint8)
    grey = optics(cv2, 4, 1, size=(4, 1))(colours)
    assert grey.tolist() == [[23, 117, 60, 90]]  # 0.114, 0.587, 0.299 of 200
    assert optics(cv2, 4, 1, size=(4, 1))(np.dstack([colours, colours[:, :, 0]])).tolist() == [
        [23, 117, 60, 90]
    ]


def test_deep_pixels_keep_their_upper_8_bits(cv2):
    deep = np.array([[0, 255, 256, 65_535]], np.uint16)
    assert optics(cv2, 4, 1, size=(4, 1))(deep).tolist() == [[0, 0, 1, 255]]
    colour = np.full((1, 4, 3), 51_200, np.uint16)
    assert optics(cv2, 4, 1, size=(4, 1))(colour).tolist() == [[200] * 4]


def test_scaling_averages_areas(cv2):
    picture = np.arange(WIDTH * HEIGHT).reshape(HEIGHT, WIDTH).astype(np.uint8)
    blocks = picture.reshape(12, 10, 16, 10).mean(axis=(1, 3))
    assert np.abs(optics(cv2, 16, 12)(picture) - blocks).max() <= 0.5


def test_a_crop_is_that_part_and_looks_where_it_is(cv2):
    picture = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH)).astype(np.uint8)
    part = optics(cv2, 40, 30, crop=(100, 20, 40, 30))
    np.testing.assert_array_equal(part(picture), picture[20:50, 100:140])
    whole = optics(cv2).bearing_rad
    np.testing.assert_allclose(part.bearing_rad, whole[100:140], atol=1e-6)


@pytest.mark.parametrize("width", [160, 64, 7])
def test_a_whole_picture_has_the_bearings_of_a_pinhole_camera(cv2, width):
    expected = _bearings.of_columns(width, 75.0)
    np.testing.assert_allclose(optics(cv2, width, fov=75.0).bearing_rad, expected, atol=1e-6)


@pytest.mark.parametrize("crop", [(150, 0, 11, 10), (0, 119, 10, 2)])
def test_a_crop_outside_of_the_picture_is_refused(cv2, crop):
    with pytest.raises(ConfigError, match=r"`crop`: .* is not within pictures of 160x120"):
        optics(cv2, crop=crop)


def bent(k1, fx=120.0, cx=79.5, cy=59.5):
    """What a lens makes of a straight line at x = 0.4, as a picture: Brown's model, forwards."""
    y = np.linspace(-0.7, 0.7, 6000)
    r2 = 0.4**2 + y**2
    u, v = cx + fx * 0.4 * (1 + k1 * r2), cy + fx * y * (1 + k1 * r2)
    picture = np.zeros((HEIGHT, WIDTH), np.float64)
    inside = (v > -0.5) & (v < HEIGHT - 0.5)
    rows, places = np.rint(v[inside]).astype(int), u[inside]
    for row in range(HEIGHT):
        here = places[rows == row].mean()
        picture[row] = 255 * np.exp(-(((np.arange(WIDTH) - here) / 1.5) ** 2))
    return picture.astype(np.uint8)


def columns(picture):
    """Where the bright line is, row by row."""
    weight = picture.astype(float)
    return (weight * np.arange(picture.shape[1])).sum(axis=1) / weight.sum(axis=1)


@pytest.mark.parametrize("k1", [-0.25, 0.2])
def test_a_line_that_the_lens_bent_is_straight_again_and_where_it_is(cv2, tmp_path, k1):
    picture = bent(k1)
    assert np.ptp(columns(picture)) > 0.5
    straight = optics(cv2, calibration=lens(tmp_path, cv2, k1=k1))
    line = columns(straight(picture)[4:-4])
    assert np.ptp(line) < 0.4
    bearing = np.interp(line.mean(), np.arange(WIDTH), straight.bearing_rad)
    assert bearing == pytest.approx(-math.atan(0.4), abs=0.004)


def test_a_crop_of_a_straightened_picture_is_a_part_of_it(cv2, tmp_path):
    picture, calibration = bent(-0.25), lens(tmp_path, cv2)
    whole = optics(cv2, calibration=calibration)
    part = optics(cv2, 60, 40, crop=(80, 30, 60, 40), calibration=calibration)
    np.testing.assert_allclose(part(picture), whole(picture)[30:70, 80:140].astype(int), atol=12)
    np.testing.assert_allclose(part.bearing_rad, whole.bearing_rad[80:140], atol=1e-6)


@pytest.mark.parametrize("text", [ROS, OPENCV, "---\n" + ROS])
def test_files_of_ros_and_opencv_say_the_same_as_toml(cv2, tmp_path, text):
    assert lens(tmp_path, cv2, text, "lens.yaml") == lens(tmp_path, cv2)


def test_larger_pictures_of_the_same_shape_are_straightened_alike(cv2, tmp_path):
    calibration = lens(tmp_path, cv2)
    small = optics(cv2, 32, 24, calibration=calibration)
    large = optics(cv2, 32, 24, calibration=calibration, size=(2 * WIDTH, 2 * HEIGHT))
    np.testing.assert_allclose(small.bearing_rad, large.bearing_rad, atol=0.01)
    with pytest.raises(ConfigError, match="made from pictures of 160x120, and these are 160x90"):
        optics(cv2, calibration=calibration, size=(160, 90))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("[120.0, 0.0, 79.5]", "[-1.0, 0.0, 79.5]"), "focal lengths above 0"),
        (("[120.0, 0.0, 79.5]", "[120.0, 3.0, 79.5]"), "fx, 0, cx"),
        (("79.5", "300.0"), "centre 300, 59.5 is not in the picture"),
        (("[-0.25, 0.0, 0.0, 0.0, 0.0]", "[0.1]"), "4, 5 or 8 are wanted, not 1"),
        (("-0.25", "1e9"), "beyond"),
        (("-0.25", "nan"), "nan|finite|focal"),
        (("image_width = 160", "image_width = 0"), "image_width"),
        (("image_height = 120", ""), "image_height"),
        (("image_width = 160", "image_width = [[["), "not valid TOML"),
    ],
)
def test_a_calibration_that_no_lens_has_is_refused(cv2, tmp_path, change, message):
    with pytest.raises(ConfigError, match=message):
        lens(tmp_path, cv2, TOML.format(k1=-0.25).replace(*change))


@pytest.mark.parametrize(
    "text", ["", "%YAML:1.0\n---\n[1, 2", "\x00\x01", "just words", ROS.replace("120.0, 0.0", "x")]
)
def test_yaml_that_is_no_calibration_is_refused(cv2, tmp_path, text):
    with pytest.raises(ConfigError, match=r"`calibration`: .*lens\.yaml"):
        lens(tmp_path, cv2, text, "lens.yaml")


def test_a_calibration_that_is_missing_is_named(cv2, tmp_path):
    for name in ("no.toml", "no.yaml"):
        with pytest.raises(ConfigError, match=rf"{name}: cannot be read: No such file"):
            _calibration.load(tmp_path / name, cv2)


def test_a_lens_that_folds_the_picture_is_refused(cv2, tmp_path):
    with pytest.raises(ConfigError, match="`calibration`: its lens folds the picture"):
        optics(cv2, calibration=lens(tmp_path, cv2, k1=-40.0))
