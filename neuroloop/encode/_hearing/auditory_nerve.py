"""The cells of a cochlea: integrate and fire at each channel, and the edges of its loudness.

A fibre is a leaky integrate-and-fire neuron, ``tau_m dv/dt = -v + I``, exact for an input that is
constant over a sample: it fires where ``v`` reaches 1, goes to 0 and stays there for the
refractory period.  A constant input I > 1 gives ``1 / (t_ref + tau_m ln(I / (I - 1)))`` spikes a
second.

Edges are a send-on-delta code, as of asynchronous delta modulators: the loudness, smoothed twice,
is compared with what the last spike told of it; a step up is an onset spike, a step down an offset.
"""

import numpy as np

from neuroloop.core.kernel import kernel
from neuroloop.core.native import lowest, nonzero64
from neuroloop.encode._hearing.gammatone import LANES
from neuroloop.encode._hearing.lane import fma, pick

FIBRE, EDGE = 2 * LANES, 5 * LANES
"""float32 of state a group"""
_ZERO, _ONE = np.float32(0.0), np.float32(1.0)


@kernel
def fire_group(drive, s, keep, hold, hit, stride):
    """Integrate ``drive`` (``float32[m * LANES]``); mark who fires in ``hit[i * stride + c]``.

    ``drive`` is ``(1 - keep) I``, ``keep`` is ``exp(-dt / tau_m)``, ``hold`` the samples of the
    refractory period.  ``s`` holds v and the samples left of the refractory period.
    """
    for i in range(drive.size // LANES):
        row, mark = drive[i * LANES : (i + 1) * LANES], hit[i * stride : i * stride + LANES]
        for c in range(LANES):
            left = s[LANES + c]
            v = pick(left <= _ZERO, fma(s[c], keep, row[c]), _ZERO)
            fires = v >= _ONE
            s[c] = pick(fires, _ZERO, v)
            s[LANES + c] = pick(fires, hold, left - _ONE)
            mark[c] = fires


@kernel
def edge_group(drive, s, smooth, step, hold, up, down, stride):
    """Compare loudness with what was told of it; mark onsets in ``up``, offsets in ``down``.

    ``smooth[c]`` is ``1 - exp(-dt / tau)``; ``s`` holds the loudness smoothed once and twice, what
    was told, and the samples until the next onset and offset are allowed.
    """
    for i in range(drive.size // LANES):
        row = drive[i * LANES : (i + 1) * LANES]
        rises = up[i * stride : i * stride + LANES]
        falls = down[i * stride : i * stride + LANES]
        for c in range(LANES):
            once = fma(smooth[c], row[c] - s[c], s[c])
            twice = fma(smooth[c], once - s[LANES + c], s[LANES + c])
            told, left = s[2 * LANES + c], s[3 * LANES + c]
            gap = pick(left <= _ZERO, twice - told, _ZERO)
            rise, fall = gap >= step, gap <= -step
            s[c], s[LANES + c] = once, twice
            s[2 * LANES + c] = told + pick(rise, step, pick(fall, -step, _ZERO))
            s[3 * LANES + c] = pick(rise | fall, hold, left - _ONE)
            rises[c], falls[c] = rise, fall


@kernel
def collect(hit, m, stride, unit_of, first, stamp, unit, n):
    """Append the marks of ``m`` samples to ``stamp`` and ``unit`` from ``n`` on; return the new n.

    ``hit`` is ``uint8[m * stride]`` with ``stride`` a multiple of 64; stamps are sample numbers.
    """
    for i in range(m):
        for word in range(0, stride, 64):
            marks = nonzero64(hit, i * stride + word)
            while marks != 0:
                lane = word + lowest(marks)
                stamp[n], unit[n] = first + i, unit_of[lane]
                n += 1
                marks &= marks - np.uint64(1)
    return n
