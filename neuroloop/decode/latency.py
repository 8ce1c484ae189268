r"""Time to first spike → motion: the value of each channel is when its group first fires.

The population is cut into a group a channel and one more, the last, whose spikes mark the onset of
a window of W ticks (the encoder ``latency`` has such a unit).  The first spike of a group t ticks
after it means

.. math:: \hat x = l + (h - l) \frac{W - 1 - t}{W - 1}

or the same of logarithms, right by half a tick, :math:`(h - l) / 2 (W - 1)`.  Onset and values
take the same way through a network, so its delays cancel.  A motion goes out with each spike that
counts, once every channel has had one; where no spikes come, none does.

Source: T. Gollisch and M. Meister, "Rapid neural coding in the retina with relative spike
latencies", Science 319, 2008.
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

CHANNELS, WINDOW, LOGARITHMIC = COUNT + 1, COUNT + 2, COUNT + 3


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[decoder.NAME]`` with ``kind = "latency"``."""

    input: str
    low: Annotated[list[float], Meta(min_length=1)]
    """motion of the last tick of the window: a number a channel, or one for all"""
    high: Annotated[list[float], Meta(min_length=1)]
    """motion of the onset"""
    window_ticks: Annotated[int, Meta(ge=2, le=100_000)] = 16
    response: levels.Response = "linear"


@kernel
def onset(spikes, units, channels):
    """Return whether the group that marks the onset fires."""
    marks = 0
    for s in range(spikes[0]):
        marks += spikes[s + 1] * (channels + 1) // units == channels
    return marks > 0


@kernel
def hear(spikes, units, tick, last, heard, level):
    """Take the first spike of each group; returns whether there was one."""
    new = False
    for s in range(spikes[0]):
        c = spikes[s + 1] * (heard.shape[0] + 1) // units
        if c < heard.shape[0] and heard[c] == 0:
            heard[c] = 1
            level[c] = last - tick
            new = True
    return new


@entry
def step(arena, row):
    channels, length = row[CHANNELS], row[WINDOW]
    clock, heard = state_i64(arena, row, 0, 1), state_i64(arena, row, 1, channels)
    level = state_i64(arena, row, 2, channels)
    spikes = i32(arena, row[IN], row[IN_META] + 1)
    clock[0] = min(clock[0] + 1, length)
    if onset(spikes, row[N], channels):
        clock[0] = 0
        heard[:] = 0
    if clock[0] == length or not hear(spikes, row[N], clock[0], length - 1, heard, level):
        return
    if level.min() >= 0:
        motion = f32(arena, row[OUT], channels)
        low, high = state_f32(arena, row, 3, channels), state_f32(arena, row, 4, channels)
        for c in range(channels):
            motion[c] = levels.value_of(
                level[c], low[c], high[c], length - 1, row[LOGARITHMIC] == 1
            )
        speak(arena, row, channels)


def build(config: Config, site: Site) -> Kernel:
    """Lay out the decoder."""
    k = channels_of(site, config.input, more=1)
    limits = levels.bounds(config.low, config.high, k, f'decoder "{site.name}"', config.response)
    return Kernel(
        step,
        counts=(k, config.window_ticks, limits.logarithmic),
        state={
            "clock": np.full(1, config.window_ticks, np.int64),
            "heard": np.zeros(k, np.int64),
            "level": np.full(k, -1, np.int64),
        },
        static={"low": limits.low, "high": limits.high},
    )
