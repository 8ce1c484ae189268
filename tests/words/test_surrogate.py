"""Gradients against differences, and the fast copy of the network against the engine."""

import numpy as np
import pytest

from neuroloop import simulate
from neuroloop.train.words import ear, student, surrogate
from neuroloop.train.words.lessons import Batch


def small(words=2, seed=3):
    return student.newborn(words, np.random.default_rng(seed))


def counts(ticks=24, size=3, seed=1):
    rng = np.random.default_rng(seed)
    return rng.poisson(0.3, (ticks, size, ear.UNITS)).astype(np.float32)


@pytest.mark.parametrize("k", range(6))
def test_gradient_is_that_of_differences_where_neurons_fire_smoothly(k):
    learner = small()
    batch = Batch(counts(), np.array([0, 1, 2]), np.array([24, 20, 15]))
    _, gradient = surrogate.loss_and_gradient(learner, batch, smooth=True)
    direction = gradient[k] / np.sqrt((gradient[k] ** 2).sum())
    step = 0.01

    def loss(by):
        moved = [a.copy() for a in learner]
        moved[k] += by * direction
        return surrogate.loss_and_gradient(student.Student(*moved), batch, smooth=True)[0]

    slope = (loss(step) - loss(-step)) / (2 * step)
    assert slope == pytest.approx(float((gradient[k] * direction).sum()), rel=0.03)


@pytest.mark.parametrize("members", [1, 2])
def test_engine_and_copy_fire_the_same_spikes(members):
    learner = student.together([student.grained(small(4, seed)) for seed in range(3, 3 + members)])
    x = counts(ticks=60, size=1)
    tick, unit = np.nonzero(x[:, 0])
    often = x[tick, 0, unit].astype(int)
    times_ms = np.repeat(tick * ear.TICK_US / 1e3, often)
    result = simulate(
        student.network(learner),
        ticks=60,
        dt_us=ear.TICK_US,
        inputs={"ear": (times_ms, np.repeat(unit, often))},
        watch=[name for name, _ in student.LAYERS],
    )
    for (name, _), layer in zip(student.LAYERS, surrogate.run(learner, x), strict=True):
        spikes = result.spikes[name]
        ours = {(int(t), int(i)) for t, i in zip(*np.nonzero(layer.s[:, 0]), strict=True)}
        engine = set(zip((spikes.t_us // ear.TICK_US).tolist(), spikes.unit.tolist(), strict=True))
        assert len(ours) > 50
        assert engine == ours


def test_students_side_by_side_hear_as_each_does_alone():
    alone = [small(words=3, seed=seed) for seed in (3, 4, 5)]
    whole = student.together(alone)
    x = counts(ticks=60)
    fired = surrogate.run(whole, x)[-1].s.reshape(60, 3, 3, len(alone) * student.VOICES)
    for k, one in enumerate(alone):
        own = surrogate.run(one, x)[-1].s.reshape(60, 3, 3, student.VOICES)
        assert own.sum() > 50
        voices = slice(k * student.VOICES, (k + 1) * student.VOICES)
        assert np.array_equal(fired[..., voices], own)
