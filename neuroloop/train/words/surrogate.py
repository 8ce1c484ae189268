r"""Gradients through spikes: back-propagation in time with a surrogate for the step.

A neuron fires where :math:`u = v - v_{threshold} > 0`.  Backwards the step counts as

.. math:: \frac{ds}{du} = \frac{k}{2 (1 + k |u|)^2}

the slope of the smooth step :math:`s = (1 + k u / (1 + k |u|)) / 2` (F. Zenke and S. Ganguli,
"SuperSpike", Neural Computation 2018).  With ``smooth`` the neurons fire by that smooth step, so
the gradient is exact: this is how the tests check it.

The evidence for a word is `GAIN` times the spikes of its neurons until the word is over; that for
none of them is what `NOTHING` spikes would be.  The loss is the cross-entropy of their softmax,
against labels that are `SMOOTHED`.  Arrays are ``float32[ticks, batch, n]``.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuroloop.core.kernel import kernel
from neuroloop.train.words.lessons import Batch
from neuroloop.train.words.student import (
    CURRENT_DECAY,
    LAYERS,
    V_THRESHOLD,
    VOICES,
    VOLTAGE_DECAY,
    Array,
    Student,
)

STEEPNESS = 4.0
GAIN, NOTHING, SMOOTHED = 0.15, 12.0, 0.05
_DC, _DV = np.float32(CURRENT_DECAY), np.float32(VOLTAGE_DECAY)
_TH, _K = np.float32(V_THRESHOLD), np.float32(STEEPNESS)
_ONE, _HALF = np.float32(1), np.float32(0.5)
_DELAYS = tuple(delays for _, delays in LAYERS)


class Layer(NamedTuple):
    """What a layer did."""

    v: Array
    s: Array


@kernel
def _run(x, bias, v, s, smooth):
    """Run a layer over all ticks."""
    ticks, batch, n = x.shape
    c = np.zeros((batch, n), np.float32)
    for t in range(ticks):
        for b in range(batch):
            for i in range(n):
                current = c[b, i] * _DC + (x[t, b, i] + bias[i])
                c[b, i] = current
                before = v[t - 1, b, i] if t > 0 else np.float32(0)
                fired = s[t - 1, b, i] if t > 0 else np.float32(0)
                value = before * _DV * (_ONE - fired) + current
                v[t, b, i] = value
                u = value - _TH
                if smooth:
                    s[t, b, i] = _HALF * (_ONE + _K * u / (_ONE + _K * abs(u)))
                else:
                    s[t, b, i] = _ONE if value > _TH else np.float32(0)


@kernel
def _run_back(gs, v, s, gx):
    """Turn the gradient of the spikes into that of the input, last tick first."""
    ticks, batch, n = v.shape
    gv, gc = np.zeros((batch, n), np.float32), np.zeros((batch, n), np.float32)
    for back in range(ticks):
        t = ticks - 1 - back
        for b in range(batch):
            for i in range(n):
                after = gv[b, i] * _DV
                slope = _ONE + _K * abs(v[t, b, i] - _TH)
                slope = _HALF * _K / (slope * slope)
                g = (gs[t, b, i] - after * v[t, b, i]) * slope + after * (_ONE - s[t, b, i])
                gv[b, i] = g
                gc[b, i] = g + _DC * gc[b, i]
                gx[t, b, i] = gc[b, i]


def _deliver(s: Array, w: Array, delays: tuple[int, ...]) -> Array:
    """Return the input of a layer, by all its delays."""
    ticks, batch, pre = s.shape
    x = np.zeros((ticks, batch, w.shape[2]), np.float32)
    for delay, weight in zip(delays, w, strict=True):
        if delay < ticks:
            x[delay:] += (s[: ticks - delay].reshape(-1, pre) @ weight).reshape(
                -1, batch, w.shape[2]
            )
    return x


def _deliver_back(gx: Array, w: Array, delays: tuple[int, ...]) -> Array:
    """Return the gradient of the spikes from that of the input."""
    ticks, batch, post = gx.shape
    gs = np.zeros((ticks, batch, w.shape[1]), np.float32)
    for delay, weight in zip(delays, w, strict=True):
        if delay < ticks:
            g = gx[delay:].reshape(-1, post) @ weight.T
            gs[: ticks - delay] += g.reshape(-1, batch, w.shape[1])
    return gs


def _weights_back(s: Array, gx: Array, delays: tuple[int, ...]) -> Array:
    ticks, _, pre = s.shape
    post = gx.shape[2]
    g = np.zeros((len(delays), pre, post), np.float32)
    for k, delay in enumerate(delays):
        if delay < ticks:
            g[k] = s[: ticks - delay].reshape(-1, pre).T @ gx[delay:].reshape(-1, post)
    return g


def run(
    student: Student, x: Array, *, smooth: bool = False, drops: tuple[Array, ...] = ()
) -> list[Layer]:
    """Run the network over ``x``; the first layer in the list is ``sounds``.

    ``drops`` are ``float32[batch, n]`` a hidden layer: what its spikes are multiplied with.
    """
    layers: list[Layer] = []
    s = x
    for k, (w, bias) in enumerate(zip(student[:3], student[3:], strict=True)):
        incoming = _deliver(s, w, _DELAYS[k])
        v, fired = np.empty_like(incoming), np.empty_like(incoming)
        _run(incoming, bias, v, fired, smooth)
        layers.append(Layer(v, fired))
        s = fired * drops[k] if k < len(drops) else fired
    return layers


def spikes_of_words(words: Array, until: NDArray[np.int64]) -> Array:
    """Return how often each word's neurons fired until it was over, ``float32[batch, words]``."""
    ticks, batch, n = words.shape
    counted = words * (np.arange(ticks)[:, None] < until)[:, :, None]
    counts: Array = counted.sum(0).reshape(batch, n // VOICES, VOICES).sum(2)
    return counts


def loss_and_gradient(
    student: Student, batch: Batch, *, smooth: bool = False, drops: tuple[Array, ...] = ()
) -> tuple[float, Student]:
    """Return the mean loss of a batch and its gradient."""
    layers = run(student, batch.x, smooth=smooth, drops=drops)
    counts = spikes_of_words(layers[2].s, batch.until)
    size, words = counts.shape
    evidence = np.concatenate([counts, np.full((size, 1), NOTHING, np.float32)], 1) * GAIN
    e = np.exp(evidence - evidence.max(1, keepdims=True))
    p = e / e.sum(1, keepdims=True)
    wanted = np.full((size, words + 1), SMOOTHED / (words + 1))
    wanted[np.arange(size), batch.label] += 1.0 - SMOOTHED
    loss = float(-(wanted * np.log(p + 1e-12)).sum(1).mean())
    g = ((p - wanted)[:, :words] * (GAIN / size)).astype(np.float32)
    counted = (np.arange(len(batch.x))[:, None] < batch.until)[:, :, None]
    gs = np.repeat(g, VOICES, axis=1)[None] * counted.astype(np.float32)
    weights: list[Array] = []
    biases: list[Array] = []
    for k in (2, 1, 0):
        gx = np.empty_like(gs)
        _run_back(gs, layers[k].v, layers[k].s, gx)
        source = layers[k - 1].s if k else batch.x
        dropped = drops[k - 1] if 0 < k <= len(drops) else None
        weights.insert(
            0, _weights_back(source if dropped is None else source * dropped, gx, _DELAYS[k])
        )
        biases.insert(0, gx.sum((0, 1)))
        if k:
            gs = _deliver_back(gx, student[k], _DELAYS[k])
            if dropped is not None:
                gs *= dropped
    return loss, Student(*weights, *biases)
