"""An RTSP camera: GStreamer's own server, as cameras and drones run it."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from neuroloop.core.errors import PartError
from neuroloop.core.ports import Site
from sensors import camera

pytestmark = pytest.mark.real_time

SERVER = Path(__file__).with_name("rtsp_server.py")
SYSTEM_PYTHON = "/usr/bin/python3"
PACKAGES = (
    "python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-good gstreamer1.0-plugins-ugly"
)
PATIENCE_S = 20.0

pytest.importorskip("cv2", reason="no OpenCV; pip install opencv-python-headless")


@pytest.fixture
def server():
    """The process of a camera, and its URL."""
    if not Path(SYSTEM_PYTHON).exists():
        pytest.skip(f"needs {SYSTEM_PYTHON} with {PACKAGES}")
    process = subprocess.Popen(
        [SYSTEM_PYTHON, str(SERVER)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"PATH": os.defpath, "HOME": os.environ.get("HOME", "/")},
        text=True,
    )
    try:
        port = process.stdout.readline().strip()
        if not port:
            pytest.skip(f"no RTSP server: apt-get install {PACKAGES}")
        yield process, f"rtsp://127.0.0.1:{port}/ball"
    finally:
        process.kill()
        process.communicate()


def read_until_it_fails(eye, process, frames):
    """Read 10 frames, then end the server; goes on until the camera raises, or in vain."""
    start = time.monotonic_ns() // 1000
    while time.monotonic_ns() // 1000 - start < 1e6 * PATIENCE_S:
        frames += eye.read(time.monotonic_ns() // 1000 - start + 1)
        if len(frames) == 10:
            process.kill()
        time.sleep(0.002)


def test_frames_come_until_it_is_gone_and_that_is_said(server):
    process, url = server
    frames = []
    config = camera.Config(url, width=160, height=120, timeout_s=1.0)
    with camera.build(config, Site("eye", 0, 1000)) as eye:
        assert eye.spec.rate_hz == pytest.approx(30, rel=0.5)
        with pytest.raises(
            PartError, match=r'sensor "eye": rtsp://.*(ended its stream|no picture)'
        ):
            read_until_it_fails(eye, process, frames)
    assert len(frames) >= 10
    # a white ball that moves, on black
    assert frames[-1].grey.max() > 200
    assert (frames[0].grey != frames[9].grey).any()
