"""Frames → ON and OFF events where the logarithm of the brightness changed, as event cameras do.

Each pixel remembers the level of its last event.  A frame in which its level differs from it by k
thresholds gives k events (``most`` at most), ON units first, then OFF: unit ``y * w + x``, and
``w * h`` more for OFF.  The level is ``ln(grey)`` from 20 on and a straight line to 0 below, where
a logarithm would make events of noise.  The first frame sets the levels.

Sources: P. Lichtsteiner, C. Posch and T. Delbruck, "A 128x128 120 dB 15 us latency asynchronous
temporal contrast vision sensor", IEEE Journal of Solid-State Circuits 43(2), 2008; for the level
Y. Hu, S.-C. Liu and T. Delbruck, "v2e: From video frames to realistic DVS events", CVPR workshops,
2021.
"""

import math
from typing import Annotated

import numpy as np
from msgspec import Meta, Struct

from neuroloop.core.body import Positive
from neuroloop.core.errors import ConfigError
from neuroloop.core.kernel import entry, kernel
from neuroloop.core.native import f32, i64, u8
from neuroloop.core.ports import Kernel, Site
from neuroloop.core.values import Float32s, Frame
from neuroloop.engine.row import IN, STATE, N, emit, fresh, params, state_f32

LINEAR_BELOW = 20


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[encoder.NAME]`` with ``kind = "change"``."""

    input: str
    threshold: Positive = 0.2
    """of ON events, in units of the natural logarithm: 0.2 is about a fifth"""
    threshold_off: Positive | None = None
    """of OFF events; left out, that of ON events"""
    most: Annotated[int, Meta(ge=1, le=16)] = 3
    """events of a pixel in a frame"""


@kernel
def crossings(grey, table, level, count, on, off, most):
    """Set ``count`` to the signed number of thresholds crossed and move the levels along."""
    for i in range(grey.shape[0]):
        gap = table[grey[i]] - level[i]
        threshold = on if gap > 0 else off
        steps = np.int32(gap / threshold)
        steps = min(max(steps, -most), most)
        level[i] += np.float32(steps) * threshold
        count[i] = np.float32(steps)


@entry
def step(arena, row):
    seen = i64(arena, row[STATE + 2], 1)
    first = seen[0] == 0
    if not fresh(arena, row, seen):
        return
    pixels = row[N] // 2
    grey = u8(arena, row[IN], pixels)
    level, count = state_f32(arena, row, 0, pixels), state_f32(arena, row, 1, pixels)
    table = f32(arena, row[STATE + 3], 256)
    p = params(arena, row)
    if first:
        for i in range(pixels):
            level[i] = table[grey[i]]
        return
    crossings(grey, table, level, count, p[0], p[1], np.int32(p[2]))
    for i in range(pixels):
        steps = int(count[i])
        for _ in range(abs(steps)):
            emit(arena, row, i if steps > 0 else pixels + i)


def build(config: Config, site: Site) -> Kernel:
    """Lay out the encoder."""
    if site.source is None or site.source.reading is not Frame:
        raise ConfigError(f'encoder "{site.name}": change needs a camera as its input')
    height, width = site.source.shape
    pixels = height * width
    columns = site.source.bearing_rad
    bearing = None if columns is None else np.tile(columns, 2 * height).astype(np.float32)
    return Kernel(
        step,
        params=(config.threshold, config.threshold_off or config.threshold, config.most),
        state={
            "level": np.zeros(pixels, np.float32),
            "count": np.zeros(pixels, np.float32),
            "seen": np.zeros(1, np.int64),
        },
        static={"table": levels()},
        units=2 * pixels,
        capacity=config.most * pixels,
        bearing_rad=bearing,
    )


def levels() -> Float32s:
    """Return the level of each grey, ``float32[256]``."""
    grey = np.arange(256.0)
    slope = math.log(LINEAR_BELOW) / LINEAR_BELOW
    level = np.where(grey < LINEAR_BELOW, grey * slope, np.log(np.maximum(grey, 1.0)))
    return level.astype(np.float32)
