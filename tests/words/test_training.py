"""A training from nothing, short: it learns, twice the same, and says what is missing."""

import wave

import numpy as np
import pytest

from neuroloop.bench.words.recordings import Recording
from neuroloop.core.errors import ConfigError
from neuroloop.train.words import course, ear, lessons
from neuroloop.train.words.__main__ import main

RATE_HZ = 8000
WORDS = ("low", "high")
PLAN = course.Plan(seed=1, epochs=6, renderings=2, batch=16)


def tones():
    """Two "words": a low hum and a high one, of several lengths."""
    made = []
    for k in range(24):
        t = np.arange(round((0.2 + 0.01 * k) * RATE_HZ)) / RATE_HZ
        for word, hz in zip(WORDS, (300.0, 2000.0), strict=True):
            sound = 0.3 * np.sin(2 * np.pi * (hz + 3 * k) * t)
            made.append(Recording(word, "tone", sound.astype(np.float32), RATE_HZ))
    return made


def test_it_learns_to_tell_two_sounds_and_does_so_again_to_the_bit():
    said = []
    student = course.train(tones(), WORDS, PLAN, said.append)
    counts = course.answers(student, tones(), WORDS)
    right = counts.argmax(1) == [WORDS.index(r.word) for r in tones()]
    assert right.mean() > 0.9
    assert "loss" in said[-1]
    again = course.train(tones(), WORDS, PLAN, said.append)
    assert all(np.array_equal(a, b) for a, b in zip(student, again, strict=True))


def test_the_command_writes_the_same_network_again(tmp_path, capsys):
    for k, tone in enumerate(tones()[:12]):
        with wave.open(
            str(tmp_path / f"{tone.word}_{'ba'[k // 2 % 3 == 0]}_{k}.wav"), "wb"
        ) as file:
            file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
            file.writeframes(np.rint(tone.samples * 32767).astype("<i2").tobytes())
    outs = [tmp_path / f"{n}.npz" for n in range(3)]
    given = ["low,high", "--recordings", str(tmp_path), "--without", "a", "--voices", ""]
    for out, seed in zip(outs, (3, 3, 4), strict=True):
        more = ["--epochs", "2", "--renderings", "2", "--seed", str(seed), "--out", str(out)]
        more += ["--members", "2"]
        assert main(given + more) == 0
    assert outs[0].read_bytes() == outs[1].read_bytes()
    assert outs[0].read_bytes() != outs[2].read_bytes()
    said = capsys.readouterr().out
    assert said.count("8 recordings of 1 speakers") == 3
    assert "held out" in said


def test_a_word_without_recordings_is_named():
    with pytest.raises(ConfigError, match="no recording of loud"):
        course.train(tones(), (*WORDS, "loud"), PLAN, print)


def test_an_unknown_speaker_ends_the_command_in_words(tmp_path, capsys):
    out = str(tmp_path / "net.npz")
    assert main(["go", "--out", out, "--without", "nobody"]) == 2
    assert "nobody" in capsys.readouterr().out


def test_a_batch_sums_bins_into_ticks_and_warps_shift_what_is_heard():
    (low, *_), rng = tones(), np.random.default_rng(0)
    heard = lessons.plain([low], WORDS)
    batch = lessons.batch(heard, np.array([0]))
    assert batch.x.sum() == heard.counts.sum()
    assert len(batch.x) == int(np.ceil(len(heard.counts) / ear.BINS))
    fibres = [ear.heard(low.samples, RATE_HZ, w)[:, : ear.CHANNELS].sum(0) for w in (0.85, 1.15)]
    middle = [(f * np.arange(ear.CHANNELS)).sum() / f.sum() for f in fibres]
    assert middle[0] > middle[1] + 1
    moved = lessons.batch(heard, np.array([0]), rng)
    assert moved.x.shape != batch.x.shape or not np.array_equal(moved.x, batch.x)
