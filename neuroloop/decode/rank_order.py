r"""Order of first spikes → motion: who is first gets the most.

The population is cut into a group a channel, k in all.  The first spike after a silence opens a
volley of ``window_ticks``; at its end the group that was r-th to fire (0 first) gets

.. math:: \hat x = h - (r + 1) \frac{h - l}{k + 1}

and those that fired in the same tick the mean of their ranks.  ``first = "smallest"`` turns the
order round.  A group that did not fire keeps its last value, and a motion goes out once every
channel has one.  For values spread evenly over l ... h the root mean square error is
:math:`(h - l) / \sqrt{6 (k + 1)}`; the order itself is exact.

Source: S. Thorpe and J. Gautrais, "Rank order coding", in Computational Neuroscience: Trends in
Research, 1998.
"""

from typing import Annotated, Literal

import numpy as np
from msgspec import Meta, Struct

from neuroloop.core.kernel import entry, kernel
from neuroloop.core.native import f32, i32
from neuroloop.core.ports import Kernel, Site
from neuroloop.engine import levels
from neuroloop.engine.row import COUNT, IN, IN_META, OUT, N, state_f32, state_i64
from neuroloop.engine.speak import channels_of, speak

CHANNELS, WINDOW, SMALLEST = COUNT + 1, COUNT + 2, COUNT + 3


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[decoder.NAME]`` with ``kind = "rank_order"``."""

    input: str
    low: Annotated[list[float], Meta(min_length=1)]
    """least motion: a number a channel, or one for all"""
    high: Annotated[list[float], Meta(min_length=1)]
    """most motion"""
    window_ticks: Annotated[int, Meta(ge=1, le=100_000)]
    """length of a volley"""
    first: Literal["largest", "smallest"] = "largest"


@kernel
def hear(spikes, units, tick, when):
    """Note when each group first fired."""
    for s in range(spikes[0]):
        c = spikes[s + 1] * when.shape[0] // units
        if when[c] < 0:
            when[c] = tick


@kernel
def rank(when, part):
    """Set which part of the way from high to low each group is; clears ``when``."""
    k = when.shape[0]
    for c in range(k):
        if when[c] < 0:
            continue
        earlier, same = 0, 0
        for other in range(k):
            earlier += 0 <= when[other] < when[c]
            same += when[other] == when[c]
        part[c] = (earlier + 0.5 * (same - 1) + 1) / (k + 1)
    when[:] = -1


@entry
def step(arena, row):
    k, length = row[CHANNELS], row[WINDOW]
    clock, when = state_i64(arena, row, 0, 1), state_i64(arena, row, 1, k)
    part = state_f32(arena, row, 2, k)
    spikes = i32(arena, row[IN], row[IN_META] + 1)
    if clock[0] == length:
        if spikes[0] == 0:
            return
        clock[0] = 0
    hear(spikes, row[N], clock[0], when)
    clock[0] += 1
    if clock[0] < length:
        return
    rank(when, part)
    if part.min() < 0:
        return
    motion = f32(arena, row[OUT], k)
    low, high = state_f32(arena, row, 3, k), state_f32(arena, row, 4, k)
    for c in range(k):
        p = part[c] if row[SMALLEST] else 1 - part[c]
        motion[c] = low[c] * (1 - p) + high[c] * p
    speak(arena, row, k)


def build(config: Config, site: Site) -> Kernel:
    """Lay out the decoder."""
    k = channels_of(site, config.input)
    limits = levels.bounds(config.low, config.high, k, f'decoder "{site.name}"')
    return Kernel(
        step,
        counts=(k, config.window_ticks, config.first == "smallest"),
        state={
            "clock": np.full(1, config.window_ticks, np.int64),
            "when": np.full(k, -1, np.int64),
            "part": np.full(k, -1, np.float32),
        },
        static={"low": limits.low, "high": limits.high},
    )
