"""Imitation in rounds (DAgger): the student drives, the expert says what it would have done.

Each round drives new worlds, at first more by the expert, then by the student, labels every state
on the way, adds them to all that was seen before and learns from the whole.  Source: S. Ross,
G. Gordon and J. A. Bagnell, "A reduction of imitation learning and structured prediction to
no-regret online learning", AISTATS 2011.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuroloop.train.navigation import courses, senses, surrogate
from neuroloop.train.navigation.expert import WHEEL_MPS, Expert
from neuroloop.train.navigation.rollout import GOAL, HIT, Drive, Rules, Task, drive
from neuroloop.train.navigation.student import TICKS, Student, newborn
from neuroloop.train.navigation.surrogate import Adam, Batch


@dataclass(frozen=True)
class Plan:
    """How to learn; all sizes are small in tests."""

    seed: int = 0
    rounds: int = 46
    hidden: int = 192
    relay: int = 96
    motor: int = 64
    drives: int = 90
    """a round"""
    decisions: int = 500
    """at most, in a drive of a lesson"""
    steps: int = 300
    """of the optimiser, a round"""
    batch: int = 192
    length: int = 6
    """decisions in a piece; the first is not judged, as the network starts at rest"""
    rate: float = 2e-3
    last_rate: float = 1e-4
    activity_cost: float = 2e-3


class Round(NamedTuple):
    """The drives of a round, one after the other."""

    seen: NDArray[np.float16]
    """``float16[decisions, UNITS]``"""
    asked: NDArray[np.float16]
    """``float16[decisions, 2]``, m/s"""
    starts: NDArray[np.int64]
    """rows at which a piece of the plan's length can start without running into the next drive"""


class Progress(NamedTuple):
    """All that the next round needs beside the rounds before."""

    done: int
    student: Student
    adam: Adam


def begin(plan: Plan) -> Progress:
    """Return the state before the first round."""
    student = newborn(plan.hidden, plan.relay, plan.motor, np.random.default_rng([plan.seed, 1]))
    return Progress(0, student, surrogate.start(student))


def lesson(plan: Plan, progress: Progress, expert: Expert) -> tuple[Round, list[Drive]]:
    """Drive, and return what was seen and asked."""
    rng = np.random.default_rng([plan.seed, 2, progress.done])
    tasks = courses.lessons(progress.done + 1000 * plan.seed, plan.drives, rng)
    share = 0.999 if progress.done == 0 else 0.6 * 0.85**progress.done + 0.05
    rules = Rules(plan.decisions, share, 0.1, True)
    drives = drive(progress.student, expert, tasks, rules, plan.seed * 1000 + progress.done)
    starts, at = [], 0
    for d in drives:
        starts.append(np.arange(at, at + max(d.decisions - plan.length + 1, 0)))
        at += d.decisions
    return Round(
        np.concatenate([d.seen for d in drives]),
        np.concatenate([d.asked for d in drives]),
        np.concatenate(starts),
    ), drives


def learn(plan: Plan, progress: Progress, rounds: list[Round]) -> tuple[Progress, float]:
    """Make a round's steps of the optimiser on all that was seen; returns the mean loss too."""
    rng = np.random.default_rng([plan.seed, 3, progress.done])
    student, adam = progress.student, progress.adam
    # the lessons of later rounds are the ones the student comes to by itself
    share = np.array([len(r.starts) for r in rounds]) * np.linspace(0.5, 1.0, len(rounds))
    total = 0.0
    for k in range(plan.steps):
        part = (progress.done + k / plan.steps) / plan.rounds
        rate = plan.last_rate + (plan.rate - plan.last_rate) * 0.5 * (1 + math.cos(math.pi * part))
        loss, gradient = surrogate.loss_and_gradient(
            student, _draw(plan, rounds, share / share.sum(), rng), plan.activity_cost
        )
        student, adam = surrogate.step(student, gradient, adam, rate)
        total += loss
    return Progress(progress.done + 1, student, adam), total / plan.steps


def _draw(
    plan: Plan, rounds: list[Round], share: NDArray[np.float64], rng: np.random.Generator
) -> Batch:
    """Draw pieces of drives, half of them with left and right exchanged."""
    counts = rng.multinomial(plan.batch, share)
    seen = np.empty((plan.batch, plan.length, senses.UNITS), np.float32)
    asked = np.empty((plan.batch, plan.length, 2), np.float32)
    at = 0
    for one, count in zip(rounds, counts, strict=True):
        rows = rng.choice(one.starts, count)[:, None] + np.arange(plan.length)
        seen[at : at + count] = one.seen[rows]
        asked[at : at + count] = one.asked[rows]
        at += count
    half = plan.batch // 2
    order = rng.permutation(plan.batch)
    seen, asked = seen[order], asked[order]
    seen[:half] = seen[:half, :, senses.MIRROR]
    asked[:half] = asked[:half, :, ::-1]
    weight = np.ones((plan.length, plan.batch), np.float32)
    weight[0] = 0.0
    fired = np.empty((plan.length * TICKS, plan.batch, senses.UNITS), np.float32)
    phase = rng.random((plan.batch, senses.UNITS), np.float32)
    surrogate.spikes_of(np.ascontiguousarray(seen.swapaxes(0, 1)), phase, fired)
    return Batch(fired, np.ascontiguousarray(asked.swapaxes(0, 1)) / np.float32(WHEEL_MPS), weight)


class Mark(NamedTuple):
    """How a kind of world was passed."""

    drives: int
    success: float
    collisions: float
    decisions: float
    """mean of the successful drives"""
    synops: float
    """a decision"""


def examine(
    student: Student, tasks: list[Task], seed: int = 0, expert: Expert | None = None
) -> dict[str, Mark]:
    """Let the student drive alone (or the ``expert``, where one is given)."""
    rules = Rules(1000, 0.0 if expert is None else 1.0, 0.0, False)
    drives = drive(student, expert or Expert(), tasks, rules, seed)
    marks = {}
    for kind in dict.fromkeys(task.kind for task in tasks):
        own = [d for d, task in zip(drives, tasks, strict=True) if task.kind == kind]
        won = [d.decisions for d in own if d.outcome == GOAL]
        marks[kind] = Mark(
            len(own),
            len(won) / len(own),
            sum(d.outcome == HIT for d in own) / len(own),
            float(np.mean(won)) if won else math.nan,
            sum(d.synops for d in own) / sum(d.decisions for d in own),
        )
    return marks
