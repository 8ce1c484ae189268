import numpy as np
import pytest

from neuroloop.train.navigation import senses, surrogate
from neuroloop.train.navigation.student import Student, newborn
from neuroloop.train.navigation.surrogate import Batch


def _batch(rng, decisions=2, size=3):
    intensity = rng.random((decisions, size, senses.UNITS), np.float32)
    fired = np.empty((decisions * 5, size, senses.UNITS), np.float32)
    surrogate.spikes_of(intensity, rng.random((size, senses.UNITS), np.float32), fired)
    asked = rng.uniform(-1, 1, (decisions, size, 2)).astype(np.float32)
    weight = rng.random((decisions, size)).astype(np.float32)
    return Batch(fired, asked, weight)


@pytest.mark.parametrize("part", range(len(Student._fields)), ids=Student._fields)
def test_gradient_is_that_of_the_smooth_twin(part):
    rng = np.random.default_rng(part)
    student, batch = newborn(7, 6, 8, rng), _batch(rng)
    _, gradient = surrogate.loss_and_gradient(student, batch, 0.1, smooth=True)
    way = rng.normal(size=student[part].shape).astype(np.float32)
    way /= np.linalg.norm(way)

    def loss(step):
        moved = list(student)
        moved[part] = student[part] + np.float32(step) * way
        return surrogate.loss_and_gradient(Student(*moved), batch, 0.1, smooth=True)[0]

    step = 1e-2
    slope = (8 * (loss(step) - loss(-step)) - (loss(2 * step) - loss(-2 * step))) / (12 * step)
    assert float((gradient[part] * way).sum()) == pytest.approx(slope, rel=0.02, abs=1e-5)


def test_learning_lowers_the_error():
    rng = np.random.default_rng(0)
    student, batch = newborn(16, 16, 16, rng), _batch(rng, size=8)
    adam = surrogate.start(student)
    losses = []
    for _ in range(60):
        loss, gradient = surrogate.loss_and_gradient(student, batch)
        student, adam = surrogate.step(student, gradient, adam, 5e-3)
        losses.append(loss)
    assert losses[-1] < 0.6 * losses[0]
