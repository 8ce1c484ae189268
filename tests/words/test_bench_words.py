"""The networks that ship, on speakers that they were not trained on, and files that are none."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from neuroloop.bench.words import exams, recordings, score
from neuroloop.bench.words.recordings import Recording
from neuroloop.core.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("NEUROLOOP_DATA", ROOT.parent / "shared" / "data"))
DIGITS = DATA / "spoken_digits" / "recordings.zip"
COMMANDS = ROOT / "configs" / "data" / "words_commands.npz"


@pytest.mark.skipif(not DIGITS.is_file(), reason=f"no {DIGITS}: set NEUROLOOP_DATA")
def test_digits_of_speakers_held_out_are_known():
    scores = exams.digits(DIGITS, every=20)
    assert set(scores) == {"george", "jackson", "lucas", "nicolas"}
    assert sum(len(result.said) for result in scores.values()) == 100
    assert exams.mean(scores) > 0.6
    for result in scores.values():
        assert result.confusion.sum() == len(result.said)
        assert (result.answers == result.said).sum() == result.right.sum()


@pytest.mark.skipif(
    shutil.which("espeak-ng") is None and os.environ.get("CI") != "true",
    reason="no espeak-ng; apt-get install espeak-ng",
)
def test_commands_of_voices_held_out_are_known():
    result = exams.commands()
    known = result.said < len(exams.COMMANDS)
    assert result.right[known].mean() > 0.9
    assert result.right[~known].mean() > 0.5


def test_quiet_is_no_word():
    quiet = Recording("", "nobody", np.zeros(8000, np.float32), 8000)
    result = score.measure(COMMANDS, exams.COMMANDS, [quiet, quiet], [])
    assert result.right.all()
    assert result.counts.max() < score.NOTHING


def test_a_network_for_another_number_of_words_is_refused():
    quiet = Recording("a", "nobody", np.zeros(800, np.float32), 8000)
    with pytest.raises(ConfigError, match="equal groups; this one has 16 neurons"):
        score.measure(COMMANDS, ("a", "b", "c"), [quiet], [])


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("one.wav", b"", "WORD_SPEAKER_NUMBER"),
        ("one_me_1.wav", b"RIFF", "mono WAV"),
        ("notes.txt", b"", "holds no recordings"),
    ],
)
def test_what_is_no_recording_is_said(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigError, match=said):
        recordings.read(tmp_path)


def test_what_is_no_zip_is_said(tmp_path):
    (tmp_path / "some.zip").write_bytes(b"no zip")
    with pytest.raises(ConfigError, match="no folder or zip"):
        recordings.read(tmp_path / "some.zip")
