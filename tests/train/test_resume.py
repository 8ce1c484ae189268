import numpy as np
import pytest

from neuroloop.core.errors import ConfigError
from neuroloop.train.navigation import checkpoint, imitate
from neuroloop.train.navigation.expert import Expert
from neuroloop.train.navigation.imitate import Plan

PLAN = Plan(seed=3, rounds=4, hidden=12, relay=8, motor=8, drives=4, decisions=30, steps=5, batch=8)


def _train(folder, plan, progress, rounds, until):
    while progress.done < until:
        seen, _ = imitate.lesson(plan, progress, Expert())
        rounds.append(seen)
        progress, _ = imitate.learn(plan, progress, rounds)
        checkpoint.save(folder, plan, progress, seen)
    return progress


def test_resumed_training_ends_with_the_same_bits(tmp_path):
    whole = _train(tmp_path / "a", PLAN, imitate.begin(PLAN), [], 4)
    _train(tmp_path / "b", PLAN, imitate.begin(PLAN), [], 2)
    plan, progress, rounds = checkpoint.load(tmp_path / "b")
    assert plan == PLAN
    resumed = _train(tmp_path / "b", plan, progress, rounds, 4)
    for a, b in zip(whole.student, resumed.student, strict=True):
        assert np.array_equal(a, b)


def test_other_seed_learns_something_else():
    a, b = (imitate.begin(Plan(seed=s, hidden=8, relay=8, motor=8)) for s in (0, 1))
    assert not np.array_equal(a.student.w_in, b.student.w_in)


def test_folder_without_a_training_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="not a training"):
        checkpoint.load(tmp_path)


def test_exam_counts_every_drive():
    student = imitate.begin(PLAN).student
    tasks = imitate.courses.exam(1, 2)
    marks = imitate.examine(student, tasks)
    assert set(marks) == set(imitate.courses.KINDS)
    assert all(m.drives == 2 and 0 <= m.success <= 1 and m.synops > 0 for m in marks.values())
