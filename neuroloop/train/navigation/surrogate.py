r"""Gradients through spikes: back-propagation in time with a surrogate for the step.

A neuron fires where :math:`u = v - v_{threshold} > 0`.  Backwards the step counts as

.. math:: \frac{ds}{du} = \frac{k}{2 (1 + k |u|)^2}

the slope of the smooth step :math:`s = (1 + k u / (1 + k |u|)) / 2` (F. Zenke and S. Ganguli,
"SuperSpike", Neural Computation 2018).  With ``smooth`` the neurons fire by that smooth step, so
the gradient is exact: this is how the tests check it.

Arrays are ``float32[ticks, batch, n]``; layers run one after the other, each over all ticks, as
nothing runs backwards between them.
"""

import math
from typing import NamedTuple

import numpy as np

from neuroloop.core.kernel import kernel
from neuroloop.train.navigation.student import (
    CURRENT_DECAY,
    TICKS,
    V_THRESHOLD,
    VOLTAGE_DECAY,
    Array,
    Student,
)

STEEPNESS = 4.0
BEND = 0.1
"""error, in parts of full speed, from which on it counts by its amount"""
_DC, _DV = np.float32(CURRENT_DECAY), np.float32(VOLTAGE_DECAY)
_TH, _K = np.float32(V_THRESHOLD), np.float32(STEEPNESS)
_ONE, _HALF = np.float32(1), np.float32(0.5)


class Batch(NamedTuple):
    """Short pieces of drives, of the same number of decisions."""

    fired: Array
    """spikes of the input units, ``float32[ticks, batch, UNITS]``"""
    asked: Array
    """wheel speeds to be learnt, 1 is full speed, ``float32[decisions, batch, 2]``"""
    weight: Array
    """of the squared error, ``float32[decisions, batch]``"""


class _Layer(NamedTuple):
    v: Array
    s: Array


@kernel
def spikes_of(intensity, phase, fired):
    """Set ``fired[ticks, batch, units]`` by the regular code.

    ``intensity`` is ``float32[decisions, batch, units]``, ``phase`` ``float32[batch, units]``.
    """
    decisions, batch, units = intensity.shape
    for b in range(batch):
        for k in range(decisions):
            for t in range(k * TICKS, (k + 1) * TICKS):
                for i in range(units):
                    p = phase[b, i]
                    p = (p - _ONE if p >= _ONE else p) + intensity[k, b, i]
                    phase[b, i] = p
                    fired[t, b, i] = _ONE if p >= _ONE else np.float32(0)


@kernel
def _forward_tick(x, bias, c, before, fired_before, v, s, smooth):
    batch, n = x.shape
    for b in range(batch):
        for i in range(n):
            current = c[b, i] * _DC + (x[b, i] + bias[i])
            c[b, i] = current
            value = before[b, i] * _DV * (_ONE - fired_before[b, i]) + current
            v[b, i] = value
            u = value - _TH
            if smooth:
                s[b, i] = _HALF * (_ONE + _K * u / (_ONE + _K * abs(u)))
            else:
                s[b, i] = _ONE if u > 0 else np.float32(0)


@kernel
def _backward_tick(gs, v, s, gv_after, gc, gx):
    """Go back through a tick; ``gs`` is the gradient of the spikes from outside the layer.

    ``gv_after`` holds the gradient of the next tick's voltage and becomes this one's; ``gc``
    likewise that of the current.
    """
    batch, n = v.shape
    for b in range(batch):
        for i in range(n):
            after = gv_after[b, i] * _DV
            slope = _ONE + _K * abs(v[b, i] - _TH)
            slope = _HALF * _K / (slope * slope)
            g = (gs[b, i] - after * v[b, i]) * slope + after * (_ONE - s[b, i])
            gv_after[b, i] = g
            current = g + _DC * gc[b, i]
            gc[b, i] = current
            gx[b, i] = current


def _times(a: Array, w: Array) -> Array:
    """Return ``a @ w`` for all ticks in one product."""
    return (a.reshape(-1, a.shape[-1]) @ w).reshape(*a.shape[:-1], w.shape[1])


def _forward(x: Array, bias: Array, recurrent: Array | None, *, smooth: bool) -> _Layer:
    v, s = np.empty_like(x), np.empty_like(x)
    zero = np.zeros_like(x[0])
    c = zero.copy()
    for t in range(len(x)):
        if recurrent is not None and t:
            x[t] += s[t - 1] @ recurrent
        before, fired = (v[t - 1], s[t - 1]) if t else (zero, zero)
        _forward_tick(x[t], bias, c, before, fired, v[t], s[t], smooth)
    return _Layer(v, s)


def _backward(gs: Array, layer: _Layer, recurrent: Array | None) -> Array:
    gx = np.empty_like(gs)
    gv, gc = np.zeros_like(gs[0]), np.zeros_like(gs[0])
    for t in reversed(range(len(gs))):
        outside = gs[t]
        if recurrent is not None and t + 1 < len(gs):
            outside = outside + gx[t + 1] @ recurrent.T
        _backward_tick(outside, layer.v[t], layer.s[t], gv, gc, gx[t])
    return gx


def _outer(a: Array, g: Array) -> Array:
    return a.reshape(-1, a.shape[-1]).T @ g.reshape(-1, g.shape[-1])


def loss_and_gradient(
    student: Student, batch: Batch, activity_cost: float = 0.0, *, smooth: bool = False
) -> tuple[float, Student]:
    """Return the weighted mean error of the wheels' speeds, and its gradient.

    The error e costs ``2 d (sqrt(d^2 + e^2) - d)``, d = 0.1: the square of a small one, and the
    amount of a large one, so that between two ways round an obstacle one is learnt, not the middle.
    ``activity_cost`` is what a spike a tick of all neurons of ``hidden`` and ``relay`` adds.
    """
    hidden = _forward(
        _times(batch.fired, student.w_in), student.b_hidden, student.w_rec, smooth=smooth
    )
    relay = _forward(_times(hidden.s, student.w_relay), student.b_relay, None, smooth=smooth)
    motor = _forward(_times(relay.s, student.w_motor), student.b_motor, None, smooth=smooth)
    decisions, size = batch.weight.shape
    n = motor.s.shape[-1]
    counts = motor.s.reshape(decisions, TICKS, size, 4, n // 4).sum((1, 4)) / (TICKS * (n // 4))
    error = counts[..., (0, 2)] - counts[..., (1, 3)] - batch.asked
    norm = batch.weight.sum() * 2
    root = np.sqrt(error**2 + BEND**2)
    loss = float((2 * BEND * (root - BEND) * batch.weight[..., None]).sum() / norm)
    loss += activity_cost * float(hidden.s.mean() + relay.s.mean())
    g = BEND * error / root * batch.weight[..., None] * (2 / (norm * TICKS * (n // 4)))
    g = np.stack([g[..., 0], -g[..., 0], g[..., 1], -g[..., 1]], -1).astype(np.float32)
    gs = np.ascontiguousarray(
        np.repeat(np.repeat(g, n // 4, axis=-1), TICKS, axis=0), dtype=np.float32
    )
    g_motor = _backward(gs, motor, None)
    gs = _times(g_motor, student.w_motor.T)
    gs += np.float32(activity_cost / relay.s.size)
    g_relay = _backward(gs, relay, None)
    gs = _times(g_relay, student.w_relay.T)
    gs += np.float32(activity_cost / hidden.s.size)
    g_hidden = _backward(gs, hidden, student.w_rec)
    return loss, Student(
        _outer(batch.fired, g_hidden),
        _outer(hidden.s[:-1], g_hidden[1:]),
        _outer(hidden.s, g_relay),
        _outer(relay.s, g_motor),
        g_hidden.sum((0, 1)),
        g_relay.sum((0, 1)),
        g_motor.sum((0, 1)),
    )


class Adam(NamedTuple):
    """First and second moments, and the number of steps made."""

    mean: Student
    square: Student
    steps: int = 0


def start(student: Student) -> Adam:
    """Return the state before the first step."""
    zeros = Student(*(np.zeros_like(a) for a in student))
    return Adam(zeros, Student(*(np.zeros_like(a) for a in student)))


def step(
    student: Student, gradient: Student, adam: Adam, rate: float, clip: float = 1.0
) -> tuple[Student, Adam]:
    """Return student and state after a step of Adam (Kingma and Ba 2015).

    A gradient longer than ``clip`` is shortened to it.
    """
    length = float(np.sqrt(sum(float((g**2).sum()) for g in gradient)))
    scale = np.float32(min(1.0, clip / max(length, 1e-12)))
    n = adam.steps + 1
    size = np.float32(rate * math.sqrt(1 - 0.999**n) / (1 - 0.9**n))
    weights: list[Array] = []
    means: list[Array] = []
    squares: list[Array] = []
    for w, g, m, q in zip(student, gradient, adam.mean, adam.square, strict=True):
        mean = np.float32(0.9) * m + np.float32(0.1) * scale * g
        square = np.float32(0.999) * q + np.float32(0.001) * (scale * g) ** 2
        change = size * mean / (np.sqrt(square) + np.float32(1e-8))
        weights.append(w - change.astype(np.float32, copy=False))
        means.append(mean)
        squares.append(square)
    return Student(*weights), Adam(Student(*means), Student(*squares), n)
