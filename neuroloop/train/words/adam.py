"""Steps of Adam (D. Kingma and J. Ba, ICLR 2015) with weights that decay beside it (AdamW)."""

import math
from typing import NamedTuple

import numpy as np

from neuroloop.train.words.student import Array, Student

_MEAN, _SQUARE = 0.9, 0.999
DECAY = 0.01
"""what weights lose in a step, in parts of the rate (I. Loshchilov and F. Hutter, ICLR 2019)"""
CLIP = 1.0
"""a longer gradient is shortened to it"""


class Adam(NamedTuple):
    """First and second moments, and the number of steps made."""

    mean: Student
    square: Student
    steps: int = 0


def start(student: Student) -> Adam:
    """Return the state before the first step."""
    mean, square = (Student(*(np.zeros_like(a) for a in student)) for _ in range(2))
    return Adam(mean, square)


def step(student: Student, gradient: Student, adam: Adam, rate: float) -> tuple[Student, Adam]:
    """Return student and state after a step."""
    length = math.sqrt(sum(float((g**2).sum()) for g in gradient))
    scale = np.float32(min(1.0, CLIP / max(length, 1e-12)))
    n = adam.steps + 1
    size = np.float32(rate * math.sqrt(1 - _SQUARE**n) / (1 - _MEAN**n))
    keep = np.float32(1 - rate * DECAY)
    weights: list[Array] = []
    means: list[Array] = []
    squares: list[Array] = []
    for w, g, m, q in zip(student, gradient, adam.mean, adam.square, strict=True):
        mean = np.float32(_MEAN) * m + np.float32(1 - _MEAN) * scale * g
        square = np.float32(_SQUARE) * q + np.float32(1 - _SQUARE) * (scale * g) ** 2
        moved = keep * w - size * mean / (np.sqrt(square) + np.float32(1e-8))
        weights.append(moved.astype(np.float32, copy=False))
        means.append(mean)
        squares.append(square)
    return Student(*weights), Adam(Student(*means), Student(*squares), n)
