"""The run file of the microphone by the wall clock: it hears every sample once."""

import os
import shutil

import numpy as np
import pytest

from neuroloop.bench.hearing.counted import counting, heard
from neuroloop.bench.hearing.live import measure
from neuroloop.core.errors import MachineError
from sensors.microphone import _device

pytestmark = pytest.mark.real_time

SECONDS = 8.0


def blocks(samples):
    return [np.float32(b) / np.float32(32768) for b in np.split(samples, len(samples) // 100)]


def test_sound_that_counts_shows_what_was_lost_and_what_came_twice():
    sound = counting(40_000)
    assert heard(blocks(sound), 40_000).whole
    silence = np.zeros((500, 1), np.int16)
    assert heard(blocks(np.concatenate([silence, sound, silence])), 40_000).whole
    lost = heard(blocks(np.concatenate([sound[:20_000], sound[20_300:]])), 40_000)
    assert (lost.lost, lost.doubled) == (300, 0)
    twice = heard(blocks(np.concatenate([sound[:20_000], sound[19_900:]])), 40_000)
    assert (twice.lost, twice.doubled) == (0, 100)
    assert heard(blocks(sound[200:]), 40_000).lost == 200
    assert heard(blocks(sound[:-400]), 40_000).lost == 400
    assert heard([], 100).lost == 100


@pytest.fixture
def audio():
    missing = "no PulseAudio; apt-get install pulseaudio pulseaudio-utils libasound2-plugins"
    if os.environ.get("CI") != "true" and shutil.which("pulseaudio") is None:
        pytest.skip(missing)
    try:
        _device.package()
    except MachineError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))


@pytest.mark.slow
@pytest.mark.usefixtures("audio")
@pytest.mark.parametrize("process", [False, True])
def test_beside_a_busy_interpreter_no_sample_is_lost_or_comes_twice(process):
    check(measure(SECONDS, ("gil",), process=process), SECONDS)


@pytest.mark.usefixtures("audio")
def test_a_microphone_in_a_process_of_its_own_hears_all():
    check(measure(2.0, process=True), 2.0)


def check(found, seconds):
    assert found.heard.samples == round(seconds * 16_000)
    assert found.heard.whole
    assert not any(found.counts.values())
    assert found.block_us == 10_000
    assert 0 < found.to_ring.p50_us <= found.to_ring.p99_us
