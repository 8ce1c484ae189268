r"""Bursts → motion: the value of a channel is how often its group fires before it falls silent.

The population is cut into a group a channel.  Ticks in which a group fires, not more than
``gap_ticks`` apart, are a burst; when it has been silent for longer, or there were M, the n ticks
of it mean

.. math:: \hat x = l + (h - l) \frac{n - 1}{M - 1}

or the same of logarithms, with M the most spikes of a burst, right by :math:`(h - l) / 2 (M - 1)`.
A longer burst is several.  A motion goes out with the end of each burst, once every channel has had
one; where none comes, none does.

Source: E. M. Izhikevich, N. S. Desai, E. C. Walcott and F. C. Hoppensteadt, "Bursts as a unit of
neural information: selective communication via resonance", Trends in Neurosciences 26(3), 2003.
"""

from typing import Annotated

import numpy as np
from msgspec import Meta, Struct

from neuroloop.core.kernel import entry, kernel
from neuroloop.core.native import f32, i32
from neuroloop.core.ports import Kernel, Site
from neuroloop.engine import levels
from neuroloop.engine.row import COUNT, IN, IN_META, OUT, N, state_f32, state_i64
from neuroloop.engine.speak import channels_of, speak

MOST, GAP, LOGARITHMIC = COUNT + 1, COUNT + 2, COUNT + 3


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[decoder.NAME]`` with ``kind = "burst"``."""

    input: str
    low: Annotated[list[float], Meta(min_length=1)]
    """motion of one spike: a number a channel, or one for all"""
    high: Annotated[list[float], Meta(min_length=1)]
    """motion of the longest burst"""
    most: Annotated[int, Meta(ge=2, le=1000)] = 8
    """spikes of the longest burst"""
    gap_ticks: Annotated[int, Meta(ge=1, le=1000)] = 2
    """from a spike of a burst to the next, at most"""
    response: levels.Response = "linear"


@kernel
def listen(spikes, units, count, silent, gap, most, level):
    """Count each group that fires and close the bursts that are over; whether one was closed."""
    channels = count.shape[0]
    for c in range(channels):
        silent[c] = min(silent[c] + 1, gap + 1)
    for s in range(spikes[0]):
        c = spikes[s + 1] * channels // units
        if silent[c] > 0:
            silent[c] = 0
            count[c] += 1
    closed = False
    for c in range(channels):
        if count[c] == most or (count[c] > 0 and silent[c] > gap):
            level[c] = count[c] - 1
            count[c] = 0
            closed = True
    return closed


@entry
def step(arena, row):
    channels = state_i64(arena, row, 0, 1)[0]
    count, silent = state_i64(arena, row, 1, channels), state_i64(arena, row, 2, channels)
    level = state_i64(arena, row, 3, channels)
    spikes, most = i32(arena, row[IN], row[IN_META] + 1), row[MOST]
    if not listen(spikes, row[N], count, silent, row[GAP], most, level) or level.min() < 0:
        return
    motion = f32(arena, row[OUT], channels)
    low, high = state_f32(arena, row, 4, channels), state_f32(arena, row, 5, channels)
    for c in range(channels):
        motion[c] = levels.value_of(level[c], low[c], high[c], most - 1, row[LOGARITHMIC] == 1)
    speak(arena, row, channels)


def build(config: Config, site: Site) -> Kernel:
    """Lay out the decoder."""
    k = channels_of(site, config.input)
    limits = levels.bounds(config.low, config.high, k, f'decoder "{site.name}"', config.response)
    return Kernel(
        step,
        counts=(config.most, config.gap_ticks, limits.logarithmic),
        state={
            "channels": np.array([k], np.int64),
            "count": np.zeros(k, np.int64),
            "silent": np.zeros(k, np.int64),
            "level": np.full(k, -1, np.int64),
        },
        static={"low": limits.low, "high": limits.high},
    )
