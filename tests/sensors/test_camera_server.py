"""The virtual camera by itself: what it draws, and its command."""

import subprocess
import sys

import numpy as np
import pytest

from neuroloop.core.errors import MachineError
from neuroloop.testing.camera_server import CameraServer, draw_stamp, stamp_of, wandering_bar

pytestmark = pytest.mark.real_time

pytest.importorskip("cv2", reason="no OpenCV; pip install opencv-python-headless")
COMMAND = [sys.executable, "-m", "neuroloop.testing.camera_server"]


@pytest.mark.parametrize("t_us", [0, 1, 123_456_789_012, 2**48 - 1])
@pytest.mark.parametrize("shape", [(48, 400), (48, 640, 3)])
def test_a_stamp_is_read_as_it_was_drawn(t_us, shape):
    picture = np.full(shape, 128, np.uint8)
    draw_stamp(picture, t_us)
    noise = np.random.default_rng(0).integers(-40, 40, (48, shape[1]))
    grey = picture if picture.ndim == 2 else picture[:, :, 1]
    assert stamp_of((grey + noise).clip(0, 255).astype(np.uint8)) == t_us


def test_the_bar_wanders():
    left, right = wandering_bar(3.0), wandering_bar(1.0)
    assert left[0, :320].max() == right[0, 320:].max() == 220
    assert left[0, 320:].max() == right[0, :320].max() == 60


def test_a_port_that_is_taken_is_named():
    with CameraServer([np.zeros((8, 8), np.uint8)]) as one:
        port = int(one.url.split(":")[2].split("/")[0])
        with pytest.raises(MachineError, match=f"port {port}: Address already in use"):
            CameraServer([], port=port).start()


def test_the_command_says_its_address_and_what_is_no_film(tmp_path):
    (tmp_path / "no.mp4").write_text("no film")
    done = subprocess.run(
        [*COMMAND, str(tmp_path / "no.mp4")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "no.mp4: not a film that OpenCV can decode" in done.stderr
    assert "Traceback" not in done.stderr
    with subprocess.Popen([*COMMAND, "--port", "0"], stdout=subprocess.PIPE, text=True) as camera:
        try:
            assert camera.stdout.readline().startswith("http://127.0.0.1:")
        finally:
            camera.kill()
