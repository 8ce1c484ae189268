"""Which network is examined on which words and speakers: those it was not trained on."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from neuroloop.bench.words import voices
from neuroloop.bench.words.recordings import read
from neuroloop.bench.words.score import Score, measure
from neuroloop.config.find import run_file
from neuroloop.core.errors import ConfigError

DIGITS = tuple("0123456789")
COMMANDS = ("go", "stop", "left", "right")
OTHERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
          "hello", "water", "yellow", "table")  # fmt: skip
"""words to be answered by silence"""
RATE_HZ, TAKES, SEED = 16_000, 3, 2026
"""of the voices"""


def digits(place: Path, every: int = 1) -> dict[str, Score]:
    """Return a score for each speaker who has a network that was trained without them.

    Raises
    ------
    ConfigError
        Where there is no recording of such a speaker.
    """
    given = read(place)[::every]
    scores: dict[str, Score] = {}
    for speaker in sorted({r.speaker for r in given}):
        network = _network(f"words_without_{speaker}")
        if network.is_file():
            own = [r for r in given if r.speaker == speaker]
            scores[speaker] = measure(network, DIGITS, own, [])
    if not scores:
        raise ConfigError(
            f"{place}: no recording of a speaker whom a network that ships leaves out"
        )
    return scores


def commands() -> Score:
    """Return the score of the commands on voices of espeak-ng that were held out."""
    said = voices.say((*COMMANDS, *OTHERS), voices.HELD_OUT, TAKES, RATE_HZ, SEED)
    return measure(_network("words_commands"), COMMANDS, said, [])


def mean(scores: Mapping[str, Score]) -> float:
    """Return the mean of the scores, each counting the same."""
    return float(np.mean([score.right.mean() for score in scores.values()]))


def _network(name: str) -> Path:
    return run_file("words").parent / "data" / f"{name}.npz"
