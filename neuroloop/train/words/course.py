"""One training from nothing to a network, and its exam in the fast copy of the loop."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuroloop.bench.words.recordings import Recording
from neuroloop.core.errors import ConfigError
from neuroloop.train.words import adam, lessons, surrogate
from neuroloop.train.words.student import PARTS, SOUNDS, Array, Student, grained, newborn

_EXAM_SIZE = 64


@dataclass(frozen=True)
class Plan:
    """How long and how hard."""

    seed: int = 0
    epochs: int = 60
    """each goes once over one rendering of all words"""
    renderings: int = 10
    """in how many ways each word is heard"""
    batch: int = 64
    rate: float = 2e-3
    dropped: float = 0.2
    """of the hidden neurons, silent for a word"""


def train(
    recordings: Sequence[Recording],
    words: Sequence[str],
    plan: Plan,
    say: Callable[[str], None],
) -> Student:
    """Return a student of which all numbers are whole multiples of `student.GRAIN`.

    Recordings of words that are not among ``words`` are to be answered by silence.

    Raises
    ------
    ConfigError
        Where a word has no recording.
    """
    missing = set(words) - {r.word for r in recordings}
    if missing:
        raise ConfigError(f"no recording of {', '.join(sorted(missing))} to learn from")
    rng = np.random.default_rng(plan.seed)
    student = newborn(len(words), rng)
    state = adam.start(student)
    heard = [lessons.varied(recordings, words, rng) for _ in range(plan.renderings)]
    total = plan.epochs * len(lessons.shuffled(heard[0], plan.batch, rng))
    for epoch in range(plan.epochs):
        lesson, losses = heard[epoch % plan.renderings], []
        for chosen in lessons.shuffled(lesson, plan.batch, rng):
            batch = lessons.batch(lesson, chosen, rng)
            drops = (_drops(len(chosen), SOUNDS, plan, rng), _drops(len(chosen), PARTS, plan, rng))
            loss, gradient = surrogate.loss_and_gradient(student, batch, drops=drops)
            student, state = adam.step(student, gradient, state, _rate(plan, state.steps, total))
            losses.append(loss)
        if (epoch + 1) % 10 == 0 or epoch + 1 == plan.epochs:
            say(f"epoch {epoch + 1:3d}  loss {np.mean(losses):.3f}")
    return grained(student)


def _drops(size: int, n: int, plan: Plan, rng: np.random.Generator) -> Array:
    kept = (rng.random((size, n)) >= plan.dropped) / (1.0 - plan.dropped)
    return kept.astype(np.float32)


def _rate(plan: Plan, step: int, total: int) -> float:
    """Return a rate that rises over 50 steps, then falls as a cosine."""
    return (
        plan.rate * min(1.0, (step + 1) / 50) * (0.505 + 0.495 * math.cos(math.pi * step / total))
    )


def answers(student: Student, recordings: Sequence[Recording], words: Sequence[str]) -> Array:
    """Return how often the neurons of each word fire, ``float32[recordings, words]``."""
    heard = lessons.plain(recordings, words)
    found = np.zeros((len(recordings), len(words)), np.float32)
    order = np.argsort(np.diff(heard.start), kind="stable")
    for chosen in np.array_split(order, max(len(order) // _EXAM_SIZE, 1)):
        batch = lessons.batch(heard, chosen)
        fired = surrogate.run(student, batch.x)[-1].s
        found[chosen] = surrogate.spikes_of_words(fired, batch.until)
    return found


def confusion(
    counts: Array, recordings: Sequence[Recording], words: Sequence[str]
) -> NDArray[np.int64]:
    """Return how often each word was taken for which, ``int64[words + 1, words + 1]``.

    The last row is of other words, the last column of no answer: fewer than `surrogate.NOTHING`
    spikes for any word.
    """
    number = {word: k for k, word in enumerate(words)}
    table = np.zeros((len(words) + 1, len(words) + 1), np.int64)
    answer = np.where(counts.max(1) < surrogate.NOTHING, len(words), counts.argmax(1))
    said = np.array([number.get(r.word, len(words)) for r in recordings], np.int64)
    np.add.at(table, (said, answer), 1)
    return table
