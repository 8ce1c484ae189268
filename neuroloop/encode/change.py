"""Frames → ON and OFF events where the logarithm of the brightness changed, as event cameras do.

Each pixel remembers the level of its last event.  A frame in which ``ln(grey + 1)`` differs from it
by k thresholds gives k events (``most`` at most), ON units first, then OFF: unit ``y * w + x``, and
``w * h`` more for OFF.  The first frame sets the levels.

Source: P. Lichtsteiner, C. Posch and T. Delbruck, "A 128x128 120 dB 15 us latency asynchronous
temporal contrast vision sensor", IEEE Journal of Solid-State Circuits 43(2), 2008.
"""

from typing import Annotated

import numpy as np
from msgspec import Meta, Struct

from neuroloop.core.body import Positive
from neuroloop.core.errors import ConfigError
from neuroloop.core.kernel import entry, kernel
from neuroloop.core.native import f32, i64, u8
from neuroloop.core.ports import Kernel, Site
from neuroloop.core.values import Frame
from neuroloop.engine.row import IN, STATE, N, emit, fresh, params, state_f32


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[encoder.NAME]`` with ``kind = "change"``."""

    input: str
    threshold: Positive = 0.2
    """in units of the natural logarithm"""
    most: Annotated[int, Meta(ge=1, le=16)] = 3
    """events of a pixel in a frame"""


@kernel
def crossings(grey, table, level, count, threshold, most):
    """Set ``count`` to the signed number of thresholds crossed and move the levels along."""
    for i in range(grey.shape[0]):
        value = table[grey[i]]
        steps = np.int32((value - level[i]) / threshold)
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
    crossings(grey, table, level, count, p[0], np.int32(p[1]))
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
        params=(config.threshold, config.most),
        state={
            "level": np.zeros(pixels, np.float32),
            "count": np.zeros(pixels, np.float32),
            "seen": np.zeros(1, np.int64),
        },
        static={"table": np.log(np.arange(256) + 1.0).astype(np.float32)},
        units=2 * pixels,
        capacity=config.most * pixels,
        bearing_rad=bearing,
    )
