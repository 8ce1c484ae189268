"""Where beams and columns of pixels look."""

import numpy as np
import pytest

from sensors import _bearings


def test_columns_look_where_a_pinhole_camera_does():
    bearing_rad = _bearings.of_columns(4, 90)
    # at 90 degrees the edge of the picture is as far out as the focal length
    assert np.tan(bearing_rad) == pytest.approx([0.75, 0.25, -0.25, -0.75])
    assert bearing_rad.dtype == np.float32


def test_beams_look_to_the_middles_of_equal_sectors():
    bearing_rad = _bearings.of_beams(4, 360)
    assert np.degrees(bearing_rad) == pytest.approx([135, 45, -45, -135])
    assert bearing_rad.dtype == np.float32
