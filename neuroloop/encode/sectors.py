"""Range scan → one unit a sector that fires the faster, the nearer something is.

The beams of the field of view are sorted into sectors by their bearing, left to right.  A sector's
intensity is ``clip((far - d) / (far - near), 0, 1)`` of its nearest beam d; a sector without a
measurement keeps its last one, and +inf is far.
"""

import math
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta, Struct

from neuroloop.core.body import NotNegative, Positive
from neuroloop.core.errors import ConfigError
from neuroloop.core.kernel import entry, kernel
from neuroloop.core.native import f32, i64
from neuroloop.core.ports import Kernel, Site
from neuroloop.core.values import Ranges
from neuroloop.engine import generate
from neuroloop.engine.row import (
    IN,
    IN_META,
    M_BYTES,
    META_WORDS,
    STATE,
    N,
    fresh,
    params,
    state_f32,
)


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[encoder.NAME]`` with ``kind = "sectors"``."""

    input: str
    sectors: Annotated[int, Meta(ge=1, le=4096)] = 18
    fov_deg: Annotated[float, Meta(gt=0, le=360)] = 180.0
    near_m: NotNegative = 0.2
    far_m: Positive = 2.0
    max_rate_hz: Positive = 200.0
    code: Literal["regular", "bernoulli"] = "regular"


@kernel
def nearness(metres, bearing, intensity, fov_rad, near, far):
    """Set each sector's intensity from its nearest beam."""
    n = intensity.shape[0]
    for s in range(n):
        nearest = np.float32(np.nan)
        left = fov_rad * (np.float32(0.5) - np.float32(s) / np.float32(n))
        right = fov_rad * (np.float32(0.5) - np.float32(s + 1) / np.float32(n))
        for b in range(metres.shape[0]):
            inside = (bearing[b] <= left) & (bearing[b] > right)
            if inside and not (metres[b] >= nearest) and not np.isnan(metres[b]):
                nearest = metres[b]
        if not np.isnan(nearest):
            close = (far - nearest) / (far - near)
            intensity[s] = min(max(close, np.float32(0)), np.float32(1))


@entry
def step(arena, row):
    n = row[N]
    if fresh(arena, row, i64(arena, row[STATE + 3], 1)):
        beams = i64(arena, row[IN_META], META_WORDS)[M_BYTES] // 8
        p = params(arena, row)
        metres, bearing = f32(arena, row[IN], beams), f32(arena, row[IN] + 4 * beams, beams)
        nearness(metres, bearing, state_f32(arena, row, 0, n), p[2], p[3], p[4])
    generate.fire_at(arena, row, n)


def build(config: Config, site: Site) -> Kernel:
    """Lay out the encoder."""
    if site.source is None or site.source.reading is not Ranges:
        raise ConfigError(f'encoder "{site.name}": sectors needs a range sensor as its input')
    if config.far_m <= config.near_m:
        raise ConfigError(
            f'encoder "{site.name}": far_m ({config.far_m:g}) must be above '
            f"near_m ({config.near_m:g})"
        )
    fov = math.radians(config.fov_deg)
    centres = fov * (0.5 - (np.arange(config.sectors) + 0.5) / config.sectors)
    return Kernel(
        step,
        params=(
            generate.CODES[config.code],
            config.max_rate_hz * site.dt_us * 1e-6,
            fov,
            config.near_m,
            config.far_m,
        ),
        state={**generate.state(config.sectors, site.rng()), "seen": np.zeros(1, np.int64)},
        units=config.sectors,
        bearing_rad=centres.astype(np.float32),
    )
