"""A robot with two ears and an eye: sound turns it, and what moves does where it is quiet."""

import wave
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from neuroloop.config import runfile
from neuroloop.core.message import Kind, messages
from neuroloop.runtime.session import played

RATE_HZ = 16_000
SECONDS = 3.0


CONFIGS = Path(__file__).resolve().parents[2] / "configs"
RUN = f"""
extends = "{CONFIGS}/live_av.toml"

[run]
seconds = {SECONDS}

[clock]
kind = "step"

[sensor.microphone]
kind = "sound_file"
path = "sound.wav"

[sensor.camera]
kind = "video"
path = "{CONFIGS}/data/walker.mp4"
width = 64
height = 48

[engine]
network = "{CONFIGS}/words_nets.py:look_and_listen"
"""


def noise(bearing_deg, seconds=SECONDS):
    """Return ``int16[n, 2]``: a second of quiet, a second of noise from the side, quiet."""
    n = round(seconds * RATE_HZ)
    rng = np.random.default_rng(1)
    delay_s = 0.18 / 343.0 * np.sin(np.radians(bearing_deg))
    burst = rng.normal(0.0, 0.1, n)
    burst[(np.arange(n) < RATE_HZ) | (np.arange(n) >= 2 * RATE_HZ)] = 0
    turn = np.exp(-2j * np.pi * np.fft.rfftfreq(n, 1 / RATE_HZ) * delay_s)
    right = np.fft.irfft(np.fft.rfft(burst) * turn, n)
    return np.rint(np.stack([burst, right], 1).clip(-1, 1) * 32767).astype(np.int16)


class Motions:
    """A sink that keeps the wheels' speeds with the time of their tick."""

    def __init__(self):
        self.turns = []

    def take(self, record, outcome):
        del record
        for m in messages(outcome):
            if m.kind is Kind.MOTION:
                left, right = m.floats()
                self.turns.append(right - left)


@pytest.mark.skipif(find_spec("cv2") is None, reason="no OpenCV; pip install neuroloop[camera]")
@pytest.mark.parametrize(("bearing_deg", "sign"), [(50, 1), (-50, -1)])
def test_it_turns_to_a_sound_and_then_to_what_moves(tmp_path, bearing_deg, sign):
    path = tmp_path / "sound.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes(noise(bearing_deg).tobytes())
    seen = Motions()
    run = tmp_path / "run.toml"
    run.write_text(RUN)
    with played(runfile.load(str(run), []), lambda _: [seen]):
        pass
    turns = np.array(seen.turns) * sign
    assert turns[1300:2000].mean() > 0.05
    assert np.abs(turns[2600:]).mean() > 0.005  # the walker, wherever it is
