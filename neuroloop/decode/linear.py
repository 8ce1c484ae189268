r"""Spikes → motion: a weighted sum of spike counts, then an optional low-pass.

.. math:: y_c = o_c + \sum_g w_{cg} \, r_g

Here r_g is the number of spikes a second of one neuron of group g.

The population is split into as many equal groups as a row of ``weights`` has numbers.  Counts run
over ``window_ticks`` and the motion changes when a window ends.

It decodes the encoder ``rate`` too: over T ticks of e spikes at most each, regular spikes are right
by ``scale / e T`` (`neuroloop.engine.generate` has the errors of the other codes).
"""

import math
from typing import Annotated

import numpy as np
from msgspec import Meta, Struct

from neuroloop.core.body import NotNegative
from neuroloop.core.errors import ConfigError
from neuroloop.core.kernel import entry, kernel
from neuroloop.core.native import f32, i32, i64
from neuroloop.core.ports import Kernel, Site
from neuroloop.engine.row import COUNT, IN, IN_META, OUT, STATE, N, params, state_f32
from neuroloop.engine.speak import speak

CHANNELS, GROUPS, WINDOW = COUNT + 1, COUNT + 2, COUNT + 3


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[decoder.NAME]`` with ``kind = "linear"``."""

    input: str
    weights: Annotated[list[list[float]], Meta(min_length=1)]
    """a row a channel of the body, a number a group; motion per (spike a second of a neuron)"""
    offset: list[float] = []
    window_ticks: Annotated[int, Meta(ge=1, le=100_000)] = 1
    tau_ms: NotNegative = 0.0
    """time constant of the low-pass of the rates; 0 is none"""


@kernel
def count(spikes, total, units):
    """Add the spikes of a tick to the count of each group."""
    groups = total.shape[0]
    for k in range(spikes[0]):
        total[spikes[k + 1] * groups // units] += 1


@kernel
def read_out(total, rate, motion, p, per_rate):
    """Turn the counts of a window into rates and motion; clears the counts."""
    keep = p[0]
    groups, channels = total.shape[0], motion.shape[0]
    for g in range(groups):
        rate[g] = rate[g] * keep + total[g] * per_rate * (np.float32(1) - keep)
        total[g] = 0
    for c in range(channels):
        y = p[2 + c]
        for g in range(groups):
            y += p[2 + channels + c * groups + g] * rate[g]
        motion[c] = y


@entry
def step(arena, row):
    groups = row[GROUPS]
    total = state_f32(arena, row, 0, groups)
    count(i32(arena, row[IN], row[IN_META] + 1), total, row[N])
    ticks = i64(arena, row[STATE + 2], 1)
    ticks[0] += 1
    if ticks[0] < row[WINDOW]:
        return
    ticks[0] = 0
    p = params(arena, row)
    motion = f32(arena, row[OUT], row[CHANNELS])
    read_out(total, state_f32(arena, row, 1, groups), motion, p, p[1])
    speak(arena, row, row[CHANNELS])


def build(config: Config, site: Site) -> Kernel:
    """Lay out the decoder."""
    where = f'decoder "{site.name}"'
    names = site.body.channels if site.body else ()
    groups = len(config.weights[0])
    if len(config.weights) != len(names) or any(len(r) != groups for r in config.weights):
        raise ConfigError(
            f"{where}: weights needs one row of equal length for each of {', '.join(names)}"
        )
    if groups == 0 or site.units % groups:
        raise ConfigError(
            f'{where}: "{config.input}" has {site.units} neurons, '
            f"which do not split into {groups} equal groups"
        )
    offset = config.offset or [0.0] * len(names)
    if len(offset) != len(names):
        raise ConfigError(f"{where}: offset needs {len(names)} numbers, not {len(offset)}")
    window_ms = config.window_ticks * site.dt_us * 1e-3
    keep = math.exp(-window_ms / config.tau_ms) if config.tau_ms else 0.0
    per_rate = 1e3 / window_ms / (site.units / groups)
    return Kernel(
        step,
        params=(keep, per_rate, *offset, *(w for r in config.weights for w in r)),
        counts=(len(names), groups, config.window_ticks),
        state={
            "total": np.zeros(groups, np.float32),
            "rate": np.zeros(groups, np.float32),
            "ticks": np.zeros(1, np.int64),
        },
    )
