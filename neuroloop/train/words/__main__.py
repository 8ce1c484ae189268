"""``python -m neuroloop.train.words``: train a network that knows a few spoken words."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from neuroloop.bench.words import recordings as files
from neuroloop.bench.words import voices
from neuroloop.bench.words.recordings import Recording
from neuroloop.core.errors import ConfigError, NeuroloopError
from neuroloop.network import save
from neuroloop.train.words.course import Plan, answers, confusion, train
from neuroloop.train.words.student import network, together

_LESS_OFTEN = 4
"""each of the other words is said than a word that is to be known, so that silence is no way out"""
_QUIET_S = 0.5
"""of what is to be answered by silence too: nothing but the noise that is added to all"""


def main(arguments: list[str] | None = None) -> int:
    """Train, examine on speakers that were held out, and write the network; the exit code."""
    options = _options(arguments)
    try:
        _train(options)
    except KeyboardInterrupt:
        return 130
    except NeuroloopError as error:
        _say(str(error))
        return 2
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="train_words", description=__doc__)
    add = parser.add_argument
    add("words", help='what to know, separated by commas; say others as in "0=zero"')
    add("--out", type=Path, required=True, help="the network, an .npz")
    add("--recordings", type=Path, help="folder or zip of WORD_SPEAKER_NUMBER.wav")
    add("--without", default="", help="speakers and voices to be examined on, not trained on")
    add("--voices", default=",".join(voices.TRAINED), help="voices of espeak-ng; '' for none")
    add("--takes", type=int, default=3, help="how often each voice says a word")
    add("--others", default="", help="words to be answered by silence, said by the same voices")
    add("--rate-hz", type=int, default=8000, help="of what the voices say")
    add("--every", type=int, default=1, help="use each so manyeth recording for training")
    add("--seed", type=int, default=Plan.seed)
    add("--epochs", type=int, default=Plan.epochs)
    add("--members", type=int, default=1, help="students who learn apart and listen together")
    add("--renderings", type=int, default=Plan.renderings, help="ways in which a word is heard")
    return parser.parse_args(arguments)


def _train(options: argparse.Namespace) -> None:
    spelt = dict((w.split("=") * 2)[:2] for w in _listed(options.words))
    words, without = list(spelt), set(_listed(options.without))
    given = files.read(options.recordings) if options.recordings else []
    unknown = without - {r.speaker for r in given} - set(voices.HELD_OUT)
    if unknown:
        raise ConfigError(f"--without {', '.join(sorted(unknown))}: no speaker of that name")
    others = _listed(options.others)
    lesson = [r for r in given if r.speaker not in without][:: options.every]
    lesson += _said(options, spelt, others, _listed(options.voices), options.seed)
    quiet = np.zeros(round(_QUIET_S * options.rate_hz), np.float32)
    lesson += [Recording("", "nobody", quiet, options.rate_hz)] * (len(lesson) // 20)
    began = time.monotonic()
    _say(f"{len(lesson)} recordings of {len({r.speaker for r in lesson})} speakers")
    plans = [
        Plan(options.seed + k, options.epochs, options.renderings) for k in range(options.members)
    ]
    students = [train(lesson, words, plan, _say) for plan in plans]
    save(network(together(students)), options.out)
    _say(f"{options.out} is written, after {(time.monotonic() - began) / 60:.1f} min")
    exam = [r for r in given if r.speaker in without]
    held = sorted(without & set(voices.HELD_OUT))
    exam += _said(options, spelt, others, held, options.seed + 1)
    if exam:
        counts = np.sum([answers(student, exam, words) for student in students], axis=0)
        table = confusion(counts, exam, words)
        _say(f"speakers held out: {table.trace() / table.sum():.1%} of {table.sum()}")
        for word, row in zip([*words, "(others)"], table, strict=True):
            _say(f"  {word:10}" + "".join(f"{n:5d}" for n in row))


def _said(
    options: argparse.Namespace,
    spelt: dict[str, str],
    others: Sequence[str],
    variants: Sequence[str],
    seed: int,
) -> list[Recording]:
    if not variants:
        return []
    name = {text: word for word, text in spelt.items()}
    said = voices.say(list(spelt.values()), variants, options.takes, options.rate_hz, seed)
    takes = max(options.takes // _LESS_OFTEN, 1)
    said += voices.say(others, variants, takes, options.rate_hz, seed)
    return [Recording(name.get(r.word, r.word), r.speaker, r.samples, r.rate_hz) for r in said]


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
