"""The network that learns, as plain arrays, and as the `Network` that the loop runs.

Inputs → ``sounds`` → ``parts`` → ``words``: current-based LIF neurons that cascade within a tick.
Each projection exists several times, with delays: a neuron sees what its sources did now and some
ticks ago, so order in time is in the synapses and nothing needs to be recurrent.  ``words`` has
`VOICES` neurons a word.  Several students may listen side by side (`together`).

Weights and biases that are shipped are whole multiples of `GRAIN`, so that sums of them are exact
in float32 in whatever order they are made.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuroloop.network import Input, Network, Population, Projection, dense
from neuroloop.train.words import ear

SOUNDS, PARTS, VOICES = 96, 128, 4
SOUND_DELAYS, PART_DELAYS, WORD_DELAYS = (0, 1, 2, 4, 6), (0, 3, 6, 9, 12), (0, 5)
"""in ticks"""
CURRENT_DECAY, VOLTAGE_DECAY, V_THRESHOLD = 0.5, 0.75, 0.5
GRAIN = 2.0**-8

Array = NDArray[np.float32]


class Student(NamedTuple):
    """Weights as ``float32[delay, pre, post]`` and biases as ``float32[n]``."""

    w_sounds: Array
    w_parts: Array
    w_words: Array
    b_sounds: Array
    b_parts: Array
    b_words: Array


LAYERS = (("sounds", SOUND_DELAYS), ("parts", PART_DELAYS), ("words", WORD_DELAYS))


def newborn(words: int, rng: np.random.Generator) -> Student:
    """Return a student that knows nothing."""

    def weights(delays: tuple[int, ...], pre: int, post: int, gain: float) -> Array:
        size = (len(delays), pre, post)
        return rng.normal(0.0, gain / np.sqrt(pre * len(delays)), size).astype(np.float32)

    return Student(
        weights(SOUND_DELAYS, ear.UNITS, SOUNDS, 0.6),
        weights(PART_DELAYS, SOUNDS, PARTS, 0.8),
        weights(WORD_DELAYS, PARTS, VOICES * words, 0.8),
        np.full(SOUNDS, 0.02, np.float32),
        np.full(PARTS, 0.02, np.float32),
        np.full(VOICES * words, 0.02, np.float32),
    )


def grained(student: Student) -> Student:
    """Return the student with weights and biases that add up exactly."""
    return Student(*((np.rint(a / GRAIN) * GRAIN).astype(np.float32) for a in student))


def together(students: Sequence[Student]) -> Student:
    """Return one student made of several side by side, who add up what they hear.

    They share nothing but the ear.  The neurons of a word are those of all of them, one student
    after the other, so a word counts as many spikes as they fire for it together (L. Hansen and
    P. Salamon, "Neural network ensembles", IEEE PAMI 12(10), 1990).
    """
    words = len(students[0].b_words) // VOICES
    # from one student after the other to one word after the other
    order = np.arange(len(students) * words * VOICES).reshape(len(students), words, VOICES)
    voices = order.transpose(1, 0, 2).ravel()
    return Student(
        np.concatenate([s.w_sounds for s in students], axis=2),
        _apart([s.w_parts for s in students]),
        _apart([s.w_words for s in students])[:, :, voices],
        np.concatenate([s.b_sounds for s in students]),
        np.concatenate([s.b_parts for s in students]),
        np.concatenate([s.b_words for s in students])[voices],
    )


def _apart(weights: Sequence[Array]) -> Array:
    """Return weights between layers of several students, of whom none hears another."""
    delays, pre, post = weights[0].shape
    n = len(weights)
    whole = np.zeros((delays, n, pre, n, post), np.float32)
    for k, own in enumerate(weights):
        whole[:, k, :, k] = own
    return whole.reshape(delays, n * pre, n * post)


def network(student: Student) -> Network:
    """Return the same for the loop, to be run in ticks of `ear.TICK_US`; the input is ``ear``."""
    params = {
        "current_decay": CURRENT_DECAY,
        "voltage_decay": VOLTAGE_DECAY,
        "v_threshold": V_THRESHOLD,
    }
    biases, names = student[3:], ("ear", *(name for name, _ in LAYERS))
    return Network(
        inputs=(Input("ear", len(student.w_sounds[0])),),
        populations=tuple(
            Population(name, len(bias), "current_lif", params, {"bias": bias})
            for name, bias in zip(names[1:], biases, strict=True)
        ),
        projections=tuple(
            Projection(source, target, dense(w.T), delay * ear.TICK_US / 1e3)
            for source, (target, delays), weights in zip(
                names[:-1], LAYERS, student[:3], strict=True
            )
            for delay, w in zip(delays, weights, strict=True)
        ),
    )
