"""The run file of ears and an eye by the wall clock, before a microphone and a camera."""

import os
import shutil
import threading
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from neuroloop.config import runfile
from neuroloop.core.errors import MachineError
from neuroloop.core.message import Kind, messages
from neuroloop.runtime.session import played
from neuroloop.testing.camera_server import CameraServer
from neuroloop.testing.virtual_microphone import VirtualMicrophone
from sensors.microphone import _device

pytestmark = [
    pytest.mark.real_time,
    pytest.mark.skipif(
        os.environ.get("CI") != "true"
        and (shutil.which("pulseaudio") is None or find_spec("cv2") is None),
        reason="no PulseAudio or OpenCV; apt-get install pulseaudio pulseaudio-utils"
        " libasound2-plugins; pip install opencv-python-headless",
    ),
]

RUN = Path(__file__).resolve().parents[2] / "configs" / "live_av.toml"
RATE_HZ = 16_000
APART_S = 0.18 / 343.0
PATIENCE_S = 20.0
TURNS, STILL = 0.02, 0.005
"""metres a second between the wheels"""
CHANGES = (
    "sensor.microphone.repeats=true",  # between sounds a virtual one is as quiet as a dead one
    "sensor.camera.process=false",
    "guard.arm=start",
    "guard.hold_ms=10000",  # how punctual this machine is, is not the question
    "guard.overrun_ms=10000",
)


class Turns:
    """A sink that keeps how much faster the right wheel is than the left one, in each tick."""

    def __init__(self):
        self.all = []

    def take(self, record, outcome):
        del record
        for m in messages(outcome):
            if m.kind is Kind.MOTION:
                left, right = m.floats()
                self.all.append(float(right - left))

    def last(self, ticks):
        return np.array(self.all[-ticks:])


class Scene:
    """A grey wall before which a bar shakes at the bearing ``at``: -1 is left, 0 is no bar."""

    def __init__(self):
        self.at = 0

    def picture(self, seconds):
        wall = np.full((240, 320), 60, np.uint8)
        if self.at:
            x = round(160 + 100 * self.at + 15 * np.sin(12 * seconds))
            wall[:, x - 12 : x + 12] = 220
        return wall


def noise(bearing_deg):
    """Return ``int16[n, 2]``: 0.6 s of noise from a side, the left microphone first."""
    burst = np.random.default_rng(1).normal(0.0, 0.1, round(0.6 * RATE_HZ))
    delay_s = APART_S * np.sin(np.radians(bearing_deg))
    turned = np.exp(-2j * np.pi * np.fft.rfftfreq(len(burst), 1 / RATE_HZ) * delay_s)
    right = np.fft.irfft(np.fft.rfft(burst) * turned, len(burst))
    return np.rint(np.stack([burst, right], 1).clip(-1, 1) * 32767).astype(np.int16)


def until(true):
    end = time.monotonic() + PATIENCE_S
    while not (found := true()) and time.monotonic() < end:
        time.sleep(0.01)
    assert found, "it did not come about"


@pytest.fixture
def microphone(monkeypatch):
    try:
        _device.package()
    except MachineError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))
    with VirtualMicrophone(RATE_HZ, 2) as virtual:
        for name, value in virtual.environment.items():
            monkeypatch.setenv(name, value)
        yield virtual


@pytest.fixture
def live(microphone):
    """Return a live run before microphone and camera: what the camera sees, and how it turns."""
    scene, turns, loops, failed = Scene(), Turns(), [], []

    def go(url):
        try:
            run = runfile.load(str(RUN), [f"sensor.camera.source={url}", *CHANGES])
            with played(run, lambda _: [turns], lambda loop: loops.append(loop) or []):
                pass
        except Exception as error:
            failed.append(error)

    with CameraServer(scene.picture, 50) as camera:
        thread = threading.Thread(target=go, args=(camera.url,))
        thread.start()
        try:
            until(lambda: failed or len(turns.all) > 500)
            yield scene, turns
        finally:
            for loop in loops:
                loop.episode.stop.asked = True
            thread.join()
    assert not failed


def test_it_turns_to_either_side_for_sound_and_for_what_moves(microphone, live):
    scene, turns = live

    def still():
        return np.abs(turns.last(200)).max() < STILL

    for bearing_deg, sign in ((50, 1), (-50, -1)):
        until(still)
        microphone.play(noise(bearing_deg), wait=False)
        until(lambda: np.abs(turns.last(100)).min() > TURNS)
        assert np.sign(turns.last(1)[0]) == sign
    for at, sign in ((-1, 1), (1, -1)):
        scene.at = 0
        until(still)
        scene.at = at
        until(lambda: np.abs(turns.last(100)).min() > STILL)
        assert np.sign(turns.last(1)[0]) == sign
