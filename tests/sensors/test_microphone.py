"""Microphones: what is captured is what was played, and what a device can do wrong is said.

The devices are virtual: a private sound server, and ALSA's own file.
"""

import os
import shutil
import sys
import threading
import time

import numpy as np
import pytest

from neuroloop.core.errors import ConfigError, MachineError, NeuroloopError, PartError
from neuroloop.core.ports import Site
from neuroloop.testing.virtual_microphone import VirtualMicrophone, file_microphone
from sensors import microphone
from sensors.microphone import _device


def _has_portaudio():
    try:
        _device.package()
    except MachineError:
        return False
    return True


pytestmark = [
    pytest.mark.real_time,
    pytest.mark.skipif(
        os.environ.get("CI") != "true" and not (shutil.which("pulseaudio") and _has_portaudio()),
        reason="no PortAudio or PulseAudio; apt-get install libportaudio2 pulseaudio"
        " pulseaudio-utils libasound2-plugins",
    ),
]


@pytest.fixture(scope="module", params=[(16000, 1), (48000, 2)], ids=["mono", "stereo"])
def played(request):
    """A virtual microphone, and this process able to hear it."""
    rate_hz, channels = request.param
    with VirtualMicrophone(rate_hz, channels) as virtual, pytest.MonkeyPatch.context() as patch:
        for name, value in virtual.environment.items():
            patch.setenv(name, value)
        yield virtual


@pytest.fixture(scope="module")
def mono():
    with VirtualMicrophone() as virtual, pytest.MonkeyPatch.context() as patch:
        for name, value in virtual.environment.items():
            patch.setenv(name, value)
        yield virtual


def built(**settings):
    return microphone.build(microphone.Config(**settings), Site("mic", 0, 1000))


class Run:
    """Reads a sensor as a live run does."""

    def __init__(self, sensor):
        self.sensor, self.found = sensor, []
        self._start = time.monotonic()
        self.read()

    @property
    def now_us(self):
        return 1 + round((time.monotonic() - self._start) * 1e6)

    def read(self):
        until_us = self.now_us
        new = self.sensor.read(until_us)
        assert all(s.t_us < until_us for s in new)
        self.found += new

    def for_s(self, seconds, pause_s=0.005):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.read()
            time.sleep(pause_s)

    def until_quiet(self, n, most_s=20.0):
        """Read until ``n`` samples that are no silence came, and one block after them."""
        end = time.monotonic() + most_s
        while time.monotonic() < end and len(self.sound()) < n:
            self.read()
            time.sleep(0.005)
        self.for_s(0.1)

    def samples(self):
        return np.concatenate([s.samples for s in self.found])

    def sound(self):
        """Return what was heard, from the first sample that is no silence to the last."""
        if not self.found:
            return np.empty((0, 1), np.int16)
        samples = np.rint(self.samples() * 32768).astype(np.int64)
        loud = np.flatnonzero(samples.any(1))
        return samples[loud[0] : loud[-1] + 1] if len(loud) else samples[:0]


def noise(n, channels=1, seed=0):
    return np.random.default_rng(seed).integers(1, 20000, (n, channels)).astype(np.int16)


def test_what_is_captured_is_what_was_played_bit_for_bit(played):
    sound = noise(played.rate_hz, played.channels)
    with built(rate_hz=played.rate_hz, channels=played.channels) as mic:
        run = Run(mic)
        played.play(sound, wait=False)
        run.until_quiet(len(sound))
        assert mic.spec.shape == (played.rate_hz // 100, played.channels)
        assert not any(mic.counts.values())
    assert np.array_equal(run.sound(), sound)
    t_us = np.array([s.t_us for s in run.found])
    assert len(run.found) > 100
    # stamps keep the pace of the samples, however blocks arrive
    assert np.median(np.diff(t_us)) == pytest.approx(10_000, abs=50)
    assert (np.diff(t_us) > 0).all()


def test_a_busy_interpreter_loses_nothing(mono):
    stop = threading.Event()

    def multiply():
        while not stop.is_set():
            sum(i * i for i in range(10_000))

    sound = noise(16000, seed=1)
    hog = threading.Thread(target=multiply)
    with built() as mic:
        run = Run(mic)
        hog.start()
        try:
            mono.play(sound, wait=False)
            end = time.monotonic() + 20
            while time.monotonic() < end and len(run.sound()) < len(sound):
                time.sleep(0.4)
                run.read()
        finally:
            stop.set()
            hog.join()
        assert not any(mic.counts.values())
    assert np.array_equal(run.sound(), sound)


def test_what_finds_no_room_is_counted_and_later_sound_has_its_time(mono):
    with built(buffer_s=0.2) as mic:
        run = Run(mic)
        run.for_s(0.2)
        before = len(run.found)
        time.sleep(1.0)
        run.for_s(0.3)
        lost = mic.counts["blocks that found no room"]
        gap_us = np.diff([s.t_us for s in run.found]).max()
    assert before > 5
    assert 50 <= lost <= 95
    assert gap_us == pytest.approx((lost + 1) * 10_000, abs=1500)


def test_the_default_device_and_names_and_numbers_are_found(mono):
    audio = _device.package()
    known = microphone.devices()
    names = {d.name: int(d.address) for d in known}
    assert {"default", "pulse"} <= set(names)
    assert all(d.modes for d in known)
    assert _device.find(audio, "pulse", "x") == names["pulse"]
    assert _device.find(audio, "PuLs", "x") == names["pulse"]
    assert _device.find(audio, names["default"], "x") == names["default"]
    assert _device.find(audio, None, "x") in names.values()
    with pytest.raises(PartError, match=r'no input "USB".*known: .*pulse'):
        _device.find(audio, "USB", "x")
    with pytest.raises(PartError, match=r'no input number 99; there are .*"pulse"'):
        _device.find(audio, 99, "x")
    with pytest.raises(ConfigError, match="is several"):
        _device.find(audio, "u", "x")


def test_more_channels_than_it_has_are_refused_in_words(mono):
    with pytest.raises(ConfigError, match=r"`channels`: \"pulse\" has 32, 64 are asked"):
        built(device="pulse", channels=64).__enter__()


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (-9997, ConfigError, "`rate_hz`: .* does not take 16000 samples a second; its own rate is"),
        (-9998, ConfigError, "`channels`"),
        (-9985, PartError, "another program has it"),
        (-9993, PartError, "it is gone"),
        (-9999, PartError, "does not open: broken"),
    ],
)
def test_a_device_that_does_not_open_says_why(mono, monkeypatch, code, kind, words):
    audio = _device.package()

    def refuse(*_, **__):
        raise audio.PortAudioError("broken", code)

    monkeypatch.setattr(audio, "_StreamBase", refuse)
    with pytest.raises(kind, match=words):
        built().__enter__()


def test_without_portaudio_or_its_package_the_command_that_adds_it_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(MachineError, match=r"-m pip install"):
        built().__enter__()

    class NoLibrary:
        def find_spec(self, name, *_):
            if name == "sounddevice":
                raise OSError("PortAudio library not found")

    monkeypatch.delitem(sys.modules, "sounddevice")
    monkeypatch.setattr(sys, "meta_path", [NoLibrary(), *sys.meta_path])
    with pytest.raises(MachineError, match="PortAudio, which is not installed: "):
        microphone.devices()


def test_a_stream_that_never_ends_keeps_nobody_waiting(monkeypatch, caplog):
    released = threading.Event()

    class Stuck:
        def abort(self, ignore_errors):
            released.wait(30.0)

        def close(self, ignore_errors):
            assert ignore_errors

    stream, memory, kept = Stuck(), object(), []
    monkeypatch.setattr(_device, "_PATIENCE_S", 0.05)
    monkeypatch.setattr(_device, "_kept", kept)
    monkeypatch.setattr(_device.atexit, "unregister", lambda _: None)
    monkeypatch.setattr(_device, "_open", [stream])
    assert not _device.close(stream, memory, 'sensor "mic"')
    assert kept == [memory]
    assert 'sensor "mic": PortAudio has not let go' in caplog.text
    released.set()
    end = time.monotonic() + 30.0
    while _device._open and time.monotonic() < end:
        time.sleep(0.001)
    assert _device._open == []


def test_a_device_that_is_pulled_out_is_missed_and_comes_back():
    with VirtualMicrophone() as virtual, pytest.MonkeyPatch.context() as patch:
        for name, value in virtual.environment.items():
            patch.setenv(name, value)
        mic = built()
        with mic:
            run = Run(mic)
            run.for_s(0.2)
            virtual.stop()
            with pytest.raises(PartError, match="the device"):
                run.for_s(5.0)
        with pytest.raises(NeuroloopError, match=r"no device|does not open"):
            mic.__enter__()
        virtual.start()
        with mic:
            before = len(run.found)
            end = time.monotonic() + 10
            while time.monotonic() < end and len(run.found) < before + 20:
                run.for_s(0.1)
            assert len(run.found) >= before + 20
            assert (np.diff([s.t_us for s in run.found]) > 0).all()


def test_alsas_file_is_heard_from_its_first_sample_to_its_last(tmp_path, monkeypatch):
    """Not paced: ten blocks and more come where one is due."""
    sound = noise(8000, seed=2)
    for name, value in file_microphone(sound, tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("PULSE_SERVER", raising=False)
    with built(device="default", buffer_s=1.0) as mic:
        time.sleep(0.3)
        blocks = [mic._blocks.take()[3] for _ in range(50)]
        run = Run(mic)
        run.for_s(0.3)
        assert mic.counts["blocks that found no room"] > 100
    found = np.concatenate(blocks)
    assert np.array_equal(np.rint(found * 32768), sound)
    # what is in memory after the file's end is made sound
    assert np.isfinite(run.samples()).all()
    assert np.abs(run.samples()).max() <= 1
