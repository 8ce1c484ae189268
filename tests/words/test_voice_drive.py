"""A rover that is told what to do, by a voice that its network was not trained on."""

import os
import shutil
import threading
import wave
from contextlib import contextmanager

import numpy as np
import pytest

from neuroloop.bench.words import voices
from neuroloop.config import runfile
from neuroloop.core.errors import MachineError
from neuroloop.core.message import Kind, messages
from neuroloop.runtime.session import played
from neuroloop.testing.virtual_microphone import VirtualMicrophone
from sensors.microphone import _device

RATE_HZ = 16_000
ORDERS = (("go", 0.5), ("left", 3.0), ("right", 5.5), ("stop", 8.0))
"""and when each is said, in seconds"""
SECONDS = 10.0

needs_voice = pytest.mark.skipif(
    shutil.which("espeak-ng") is None and os.environ.get("CI") != "true",
    reason="no espeak-ng; apt-get install espeak-ng",
)
needs_microphone = pytest.mark.skipif(
    shutil.which("pulseaudio") is None and os.environ.get("CI") != "true",
    reason="no PulseAudio; apt-get install pulseaudio pulseaudio-utils libasound2-plugins",
)


class Motions:
    """A sink that keeps the wheels' speeds of each tick."""

    def __init__(self):
        self.at = []

    def take(self, record, outcome):
        del record
        self.at += [m.floats().copy() for m in messages(outcome) if m.kind is Kind.MOTION]

    def forward(self, start, end):
        return self._between(start, end).mean()

    def turn(self, start, end):
        wheels = self._between(start, end)
        return (wheels[:, 1] - wheels[:, 0]).mean()

    def _between(self, start, end):
        return np.array(self.at[round(start * 100) : round(end * 100)])


def orders():
    """Return ``int16[n, 1]``: the orders as a held-out voice says them."""
    sound = np.zeros(round(SECONDS * RATE_HZ), np.float32)
    for word, at in ORDERS:
        (said,) = voices.say([word], ["m6"], 1, RATE_HZ, 5)
        start = round(at * RATE_HZ)
        sound[start : start + len(said.samples)] = said.samples
    return np.rint(sound * 32767).astype(np.int16)[:, None]


@contextmanager
def speaking(player):
    player.start()
    try:
        yield
    finally:
        player.cancel()
        player.join()


def drive(*changes, beside=()):
    seen = Motions()
    run = runfile.load("voice_drive", [f"run.seconds={SECONDS + 1}", *changes])
    with played(run, lambda _: [seen], lambda _: beside):
        return seen


@needs_voice
def test_the_rover_obeys_a_recording_and_goes_on_until_it_is_told_otherwise(tmp_path):
    path = tmp_path / "orders.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes(orders().tobytes())
    given = ("sensor.microphone.kind=sound_file", f"sensor.microphone.path={path}")
    seen = drive("clock.kind=step", *given)
    assert seen.forward(0.0, 0.5) == 0
    assert seen.forward(1.5, 3.0) > 0.1  # nobody spoke for a second, and it still goes
    assert abs(seen.turn(1.5, 3.0)) < 0.01
    assert seen.turn(3.5, 4.3) > 0.05
    assert abs(seen.turn(5.2, 5.5)) < 0.02
    assert seen.turn(6.0, 6.8) < -0.05
    assert seen.forward(7.5, 8.0) > 0.1
    assert seen.forward(9.5, 9.9) == pytest.approx(0.0, abs=1e-3)
    again = drive("clock.kind=step", *given)
    assert np.array_equal(seen.at, again.at)


@needs_voice
@needs_microphone
@pytest.mark.real_time
def test_the_rover_obeys_a_microphone_in_real_time(monkeypatch):
    try:
        _device.package()
    except MachineError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))
    with VirtualMicrophone(RATE_HZ) as microphone:
        for name, value in microphone.environment.items():
            monkeypatch.setenv(name, value)
        player = threading.Timer(1.5, microphone.play, (orders(),), {"wait": False})
        # between words a virtual microphone is as quiet as a dead one, and the guard would stop
        changes = ("sensor.microphone.repeats=true", "clock.kind=wall", "guard.arm=start")
        changes += (f"run.seconds={SECONDS + 4}",)
        seen = drive(*changes, beside=[speaking(player)])
    wheels = np.array(seen.at)
    turn, forward = wheels[:, 1] - wheels[:, 0], wheels.mean(1)
    left, right = np.argmax(turn > 0.1), np.argmax(turn < -0.1)
    assert 0 < left < right
    assert forward[:left].max() > 0.1
    assert forward[right:].max() > 0.1
    assert abs(forward[-20:]).max() < 0.01
