"""Recordings as microphones: what comes, when, and what a bad file gets to hear."""

import logging
import os
import struct
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from neuroloop.core.errors import ConfigError, MachineError
from neuroloop.core.ports import Site
from sensors import sound_file

DATA = Path(os.environ.get("NEUROLOOP_DATA", Path(__file__).parents[3] / "shared" / "data"))
RATE = 8000
PCM, FLOAT = 1, 3


def wav(samples, bits=16, code=PCM, *, size=None, extensible=False, before=b""):
    """Return a WAV file of raw ``samples[n, channels]`` as bytes."""
    samples = np.asarray(samples)
    raw = samples.tobytes()
    if bits == 24:
        raw = samples.astype("<i4").reshape(-1, 1).view(np.uint8)[:, :3].tobytes()
    channels = samples.shape[1]
    frame = channels * bits // 8
    form = struct.pack("<HHIIHH", code, channels, RATE, RATE * frame, frame, bits)
    if extensible:
        form = struct.pack("<HHIIHH", 0xFFFE, channels, RATE, RATE * frame, frame, bits)
        form += struct.pack("<HHIH14x", 22, bits, 0, code)
    size = len(raw) if size is None else size
    chunks = before + b"fmt " + struct.pack("<I", len(form)) + form
    chunks += b"data" + struct.pack("<I", size) + raw
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def opened(tmp_path, content, name="sound.wav", **settings):
    (tmp_path / name).write_bytes(content)
    config = sound_file.Config(name, **settings)
    return sound_file.build(config, Site("sound", 0, 1000, tmp_path))


def all_of(sound):
    blocks = sound.read(10**12)
    return np.concatenate([b.samples for b in blocks])


def ramp(n=200, channels=1, dtype="<i2"):
    return np.arange(n * channels, dtype=dtype).reshape(n, channels)


def test_blocks_come_when_their_last_sample_was_taken(tmp_path):
    with opened(tmp_path, wav(ramp(200)), block_ms=10) as sound:
        assert sound.spec.shape == (80, 1)
        assert sound.spec.rate_hz == 100.0
        assert sound.read(9_875) == []
        (first,) = sound.read(9_876)
        assert first.t_us == 79 * 125
        assert first.rate_hz == RATE
        assert not sound.ended
        rest = sound.read(10**9)
        assert [len(b.samples) for b in rest] == [80, 40]
        assert rest[-1].t_us == 199 * 125
        assert sound.ended
        assert sound.read(10**10) == []


@pytest.mark.parametrize(
    ("bits", "code", "dtype", "scale"),
    [(16, PCM, "<i2", 2**15), (24, PCM, "<i4", 2**23), (32, PCM, "<i4", 2**31)],
)
@pytest.mark.parametrize("extensible", [False, True])
def test_whole_numbers_of_every_width_are_exact(tmp_path, bits, code, dtype, scale, extensible):
    rng = np.random.default_rng(0)
    samples = rng.integers(-scale, scale, (100, 2)).astype(dtype)
    samples[0] = -scale, scale - 1
    with opened(tmp_path, wav(samples, bits, code, extensible=extensible)) as sound:
        found = all_of(sound)
    assert found.dtype == np.float32
    assert np.array_equal(found, (samples.astype(float) / scale).astype(np.float32))


def test_bytes_are_offset_binary(tmp_path):
    samples = np.array([[0], [128], [255]], np.uint8)
    with opened(tmp_path, wav(samples, 8)) as sound:
        assert all_of(sound).ravel().tolist() == [-1.0, 0.0, 127 / 128]


@pytest.mark.parametrize("bits", [32, 64])
def test_floats_are_themselves_and_never_no_number(tmp_path, bits):
    samples = np.array([[0.25], [-1.0], [np.nan], [np.inf], [-np.inf], [3.0], [1e300]])
    if bits == 32:
        samples = samples[:-1]
    with opened(tmp_path, wav(samples.astype(f"<f{bits // 8}"), bits, FLOAT)) as sound:
        found = all_of(sound).ravel().tolist()
        assert found == [0.25, -1.0, 0.0, 1.0, -1.0, 1.0, 1.0][: len(samples)]
        assert sum(sound.counts.values()) == len(samples) - 2


def test_raw_samples_are_as_the_settings_say(tmp_path):
    content = ramp(50, 2).tobytes() + b"\x01"
    with opened(tmp_path, content, "x.raw", rate_hz=16000, channels=2) as sound:
        assert np.array_equal(all_of(sound), ramp(50, 2).astype(np.float32) / 32768)
        assert sound.spec.shape == (160, 2)


def test_other_chunks_are_skipped(tmp_path):
    before = b"LIST" + struct.pack("<I", 5) + b"abcde\0"
    with opened(tmp_path, wav(ramp(), before=before)) as sound:
        assert len(all_of(sound)) == 200


def test_a_loop_has_no_gap(tmp_path):
    with opened(tmp_path, wav(ramp(100)), block_ms=10, loop=True) as sound:
        blocks = sound.read(100_000)
        assert not sound.ended
    found = np.concatenate([b.samples for b in blocks]).ravel() * 32768
    assert np.array_equal(found, np.arange(len(found)) % 100)
    assert [b.t_us for b in blocks] == [(80 * k + 79) * 125 for k in range(10)]
    assert {len(b.samples) for b in blocks} == {80}


def test_a_snapshot_says_the_same_again(tmp_path):
    with opened(tmp_path, wav(ramp(400))) as sound:
        sound.read(15_000)
        state = sound.snapshot()
        first = all_of(sound)
        sound.restore(state)
        assert np.array_equal(all_of(sound), first)


def test_of_a_file_cut_short_the_good_part_is_heard_and_a_line_says_so(tmp_path, caplog):
    whole = wav(ramp(200, 2))
    with caplog.at_level(logging.WARNING), opened(tmp_path, whole[:-301]) as sound:
        found = all_of(sound)
        assert sound.ended
    assert np.array_equal(found, ramp(200, 2)[: len(found)].astype(np.float32) / 32768)
    assert len(found) == 200 - 76
    assert "only 0.015 of 0.025 s" in caplog.text


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_a_header_that_was_never_finished_is_no_fault(tmp_path, caplog, size):
    with caplog.at_level(logging.WARNING), opened(tmp_path, wav(ramp(), size=size)) as sound:
        assert len(all_of(sound)) == 200
    assert not caplog.records


@pytest.mark.parametrize("keep", range(0, 44, 3))
def test_half_a_header_is_an_error_in_words(tmp_path, keep):
    if keep < 12 and find_spec("soundfile") is None:
        pytest.skip("no soundfile, which would say what it is")
    with pytest.raises(ConfigError, match=r"sound\.wav"):
        opened(tmp_path, wav(ramp())[:keep]).__enter__()


def test_garbage_after_a_good_beginning_never_breaks_it(tmp_path):
    rng = np.random.default_rng(0)
    good = wav(ramp())
    for _ in range(300):
        bad = bytearray(good[:60])
        for place in rng.integers(8, 44, 4):
            bad[place] = rng.integers(256)
        sound = opened(tmp_path, bytes(bad), block_ms=1)
        try:
            with sound:
                samples = all_of(sound)
        except (ConfigError, MachineError):
            continue
        assert np.isfinite(samples).all()
        assert np.abs(samples).max(initial=0) <= 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (wav(ramp(4), code=7), "format 7"),
        (wav(np.zeros((4, 0), "<i2")), "0 channels"),
        (wav(ramp(0)), "holds no sound"),
        (wav(ramp(1))[:-1], "holds no sound"),
    ],
)
def test_what_cannot_be_heard_is_refused_in_words(tmp_path, content, words):
    with pytest.raises(ConfigError, match=words):
        opened(tmp_path, content).__enter__()


def test_a_missing_file_is_named(tmp_path):
    sound = sound_file.build(sound_file.Config("none.wav"), Site("sound", 0, 1000, tmp_path))
    with pytest.raises(ConfigError, match=r"none\.wav: cannot be read: No such file"):
        sound.__enter__()


def test_a_file_that_is_shortened_meanwhile_ends(tmp_path, caplog):
    with opened(tmp_path, wav(ramp(8000))) as sound:
        sound.read(10_000)
        with (tmp_path / "sound.wav").open("r+b") as file:
            file.truncate(100)
        assert len(sound.read(10**9)) < 100
        assert sound.ended
    assert "cut short" in caplog.text


@pytest.mark.skipif(find_spec("soundfile") is None, reason="no soundfile")
def test_flac_is_the_same_to_the_bit(tmp_path):
    import soundfile

    samples = np.random.default_rng(0).integers(-30000, 30000, (40000, 2)).astype(np.int16)
    soundfile.write(tmp_path / "made.flac", samples, 16000)
    content = (tmp_path / "made.flac").read_bytes()
    with opened(tmp_path, content, "sound.flac") as sound:
        assert np.array_equal(all_of(sound), samples.astype(np.float32) / 32768)
    with opened(tmp_path, content[: len(content) // 2], "half.flac") as sound:
        found = all_of(sound)
        assert sound.ended
    assert 0 < len(found) < 40000
    assert np.array_equal(found, samples[: len(found)].astype(np.float32) / 32768)


@pytest.mark.skipif(find_spec("soundfile") is None, reason="no soundfile")
def test_what_nobody_can_decode_is_an_error_in_words(tmp_path):
    with pytest.raises(ConfigError, match="not sound that can be read"):
        opened(tmp_path, b"fLaC" + bytes(range(200)), "bad.flac").__enter__()


def test_without_soundfile_the_command_that_adds_it_is_said(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "soundfile", None)
    with pytest.raises(MachineError, match="pip install"):
        opened(tmp_path, b"fLaC" + bytes(200), "x.flac").__enter__()


def test_real_recordings_are_read(tmp_path):
    archive = DATA / "spoken_digits" / "recordings.zip"
    if not archive.is_file():
        pytest.skip(f"no recordings in {DATA} (set NEUROLOOP_DATA)")
    import io
    import wave
    import zipfile

    with zipfile.ZipFile(archive) as digits:
        name = next(n for n in digits.namelist() if n.endswith("7_jackson_0.wav"))
        content = digits.read(name)
    with opened(tmp_path, content) as sound, wave.open(io.BytesIO(content)) as file:
        expected = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768
        assert np.array_equal(all_of(sound).ravel(), expected.astype(np.float32))
