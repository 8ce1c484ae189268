r"""Weighted spikes → motion: a spike in tick p of the cycle adds a bit of the weight of p.

The population is cut into a group a channel.  In a cycle of B ticks, whose beginning is that of the
run plus ``delay_ticks``, the groups that fire in tick p set the bit :math:`2^{B - 1 - p}` of a
level n, and at the end of the cycle

.. math:: \hat x = l + (h - l) \frac{n - 1}{2^B - 2}

or the same of logarithms, goes out; right by half a level.  A channel whose group was silent keeps
its last value; where all were, nothing goes out.

Source: J. Kim, H. Kim, S. Huh, J. Lee and K. Choi, "Deep neural networks with weighted spikes",
Neurocomputing 311, 2018.
"""

from typing import Annotated

import numpy as np
from msgspec import Meta, Struct

from neuroloop.core.kernel import entry, kernel
from neuroloop.core.native import f32, i32
from neuroloop.core.ports import Kernel, Site
from neuroloop.engine import levels
from neuroloop.engine.row import COUNT, H_STEP, IN, IN_META, OUT, N, header, state_f32, state_i64
from neuroloop.engine.speak import channels_of, speak

CYCLE, DELAY, LOGARITHMIC = COUNT + 1, COUNT + 2, COUNT + 3


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[decoder.NAME]`` with ``kind = "phase"``."""

    input: str
    low: Annotated[list[float], Meta(min_length=1)]
    """motion of the lowest level: a number a channel, or one for all"""
    high: Annotated[list[float], Meta(min_length=1)]
    """motion of the highest level"""
    cycle_ticks: Annotated[int, Meta(ge=2, le=24)] = 8
    delay_ticks: Annotated[int, Meta(ge=0, le=100_000)] = 0
    """from the encoder's spike to that of the population"""
    response: levels.Response = "linear"


@kernel
def gather(spikes, units, bit, word):
    """Set a bit of each group that fires."""
    for s in range(spikes[0]):
        c = spikes[s + 1] * word.shape[0] // units
        word[c] |= bit


@kernel
def conclude(word, level):
    """Take the level of each group that was not silent; whether all have one and one is new."""
    new = False
    for c in range(level.shape[0]):
        if word[c]:
            level[c] = word[c] - 1
            new = True
        word[c] = 0
    return new and level.min() >= 0


@entry
def step(arena, row):
    channels, cycle = state_i64(arena, row, 0, 1)[0], row[CYCLE]
    word, level = state_i64(arena, row, 1, channels), state_i64(arena, row, 2, channels)
    tick = (header(arena)[H_STEP] - 1 - row[DELAY]) % cycle
    gather(i32(arena, row[IN], row[IN_META] + 1), row[N], 1 << (cycle - 1 - tick), word)
    if tick < cycle - 1 or not conclude(word, level):
        return
    motion, steps = f32(arena, row[OUT], channels), (1 << cycle) - 2
    low, high = state_f32(arena, row, 3, channels), state_f32(arena, row, 4, channels)
    for c in range(channels):
        motion[c] = levels.value_of(level[c], low[c], high[c], steps, row[LOGARITHMIC] == 1)
    speak(arena, row, channels)


def build(config: Config, site: Site) -> Kernel:
    """Lay out the decoder."""
    k = channels_of(site, config.input)
    limits = levels.bounds(config.low, config.high, k, f'decoder "{site.name}"', config.response)
    return Kernel(
        step,
        counts=(config.cycle_ticks, config.delay_ticks, limits.logarithmic),
        state={
            "channels": np.array([k], np.int64),
            "word": np.zeros(k, np.int64),
            "level": np.full(k, -1, np.int64),
        },
        static={"low": limits.low, "high": limits.high},
    )
