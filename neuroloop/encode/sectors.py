"""Distances → one unit a sector that fires the faster, the nearer something is.

A range scan has a bearing a beam; of a depth picture each pixel counts as a beam with the bearing
of its column, in the rows from ``top`` to ``bottom`` (the floor is near too).  The beams of the
field of view are sorted into sectors by their bearing, left to right.  From the
distance d of a sector, that of its nearest or its median beam, its intensity is

* ``linear``: ``clip((far - d) / (far - near), 0, 1)``,
* ``inverse``: ``clip(near / d, 0, 1)``.

A sector without a measurement keeps its last one, and +inf is far.
"""

import math
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta, Struct

from neuroloop.core.body import Fraction, NotNegative, Positive
from neuroloop.core.errors import ConfigError
from neuroloop.core.kernel import entry, kernel
from neuroloop.core.native import f32, i64
from neuroloop.core.ports import Kernel, Site
from neuroloop.core.values import Depth, Float32s, Ranges, SourceSpec
from neuroloop.engine import generate
from neuroloop.engine.row import (
    COUNT,
    IN,
    IN_META,
    M_BYTES,
    META_WORDS,
    STATE,
    N,
    fresh,
    params,
    state_f32,
    state_i64,
)

MEDIAN, INVERSE, DEPTH = COUNT + 1, COUNT + 2, COUNT + 3
_NOWHERE = 10.0
"""bearing of pixels that do not count: more than half a turn"""


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[encoder.NAME]`` with ``kind = "sectors"``."""

    input: str
    sectors: Annotated[int, Meta(ge=1, le=4096)] = 18
    fov_deg: Annotated[float, Meta(gt=0, le=360)] = 180.0
    statistic: Literal["nearest", "median"] = "nearest"
    """which beam of a sector counts"""
    top: Fraction = 0.0
    """of a depth picture: where the rows that count begin, 0 is the upper edge"""
    bottom: Fraction = 1.0
    """where they end, 1 is the lower edge"""
    response: Literal["linear", "inverse"] = "linear"
    near_m: NotNegative = 0.2
    """distance at which a sector fires fastest"""
    far_m: Positive = 2.0
    """linear: distance from which on it is silent"""
    max_rate_hz: Positive = 200.0
    code: generate.Code = "regular"


@kernel
def sort_out(bearing, fov_rad, n, known, sector):
    """Find the sector of each beam, -1 outside of the field of view, where they are not known."""
    same = True
    for b in range(bearing.shape[0]):
        same &= bearing[b] == known[b]
    if same:
        return
    for b in range(bearing.shape[0]):
        known[b] = bearing[b]
        s = math.floor((np.float32(0.5) - bearing[b] / fov_rad) * np.float32(n))
        sector[b] = s if 0 <= s < n else -1


@kernel
def gather_beams(metres, sector, start, beams):
    """Sort the measurements into sectors: sector s has ``beams[start[s]:start[s + 1]]``.

    A sector holds the bearings (right, left].
    """
    n = start.shape[0] - 1
    start[:] = 0
    for b in range(metres.shape[0]):
        if sector[b] >= 0 and not np.isnan(metres[b]):
            start[sector[b] + 1] += 1
    for s in range(n):
        start[s + 1] += start[s]
    for b in range(metres.shape[0]):
        if sector[b] >= 0 and not np.isnan(metres[b]):
            # start[s] counts up to the next sector's start while the beams fill in
            beams[start[sector[b]]] = metres[b]
            start[sector[b]] += 1
    for s in range(n, 0, -1):
        start[s] = start[s - 1]
    start[0] = 0


@kernel
def distance_of(beams, median):
    """Return the nearest, or the upper median, of a sector's measurements."""
    if not median:
        return beams.min()
    # C. A. R. Hoare's "find": linear, which counts where the beams are the pixels of a picture
    wanted, low, high = beams.shape[0] // 2, 0, beams.shape[0] - 1
    while low < high:
        pivot, i, j = beams[wanted], low, high
        while i <= j:
            while beams[i] < pivot:
                i += 1
            while pivot < beams[j]:
                j -= 1
            if i <= j:
                beams[i], beams[j] = beams[j], beams[i]
                i += 1
                j -= 1
        if j < wanted:
            low = i
        if wanted < i:
            high = j
    return beams[wanted]


@kernel
def nearness(beams, start, intensity, median, inverse, near, far):
    """Set each sector's intensity from its measurements."""
    for s in range(intensity.shape[0]):
        if start[s + 1] > start[s]:
            d = distance_of(beams[start[s] : start[s + 1]], median)
            close = near / max(d, np.float32(1e-6)) if inverse else (far - d) / (far - near)
            intensity[s] = min(max(close, np.float32(0)), np.float32(1))


@entry
def step(arena, row):
    n = row[N]
    if fresh(arena, row, i64(arena, row[STATE + 3], 1)):
        n_bytes, p = i64(arena, row[IN_META], META_WORDS)[M_BYTES], params(arena, row)
        if row[DEPTH]:
            k = n_bytes // 4
            bearing = state_f32(arena, row, 8, k)
        else:
            k = n_bytes // 8
            bearing = f32(arena, row[IN] + 4 * k, k)
        metres = f32(arena, row[IN], k)
        start, beams = state_i64(arena, row, 4, n + 1), state_f32(arena, row, 5, k)
        known, sector = state_f32(arena, row, 6, k), state_i64(arena, row, 7, k)
        sort_out(bearing, p[2], n, known, sector)
        gather_beams(metres, sector, start, beams)
        intensity = state_f32(arena, row, 0, n)
        nearness(beams, start, intensity, row[MEDIAN], row[INVERSE], p[3], p[4])
    generate.fire_at(arena, row, n)


def units(config: Config) -> int:
    """Return the number of units, which `neuroloop check` compares with the network's input."""
    return config.sectors


def build(config: Config, site: Site) -> Kernel:
    """Lay out the encoder."""
    if site.source is None or site.source.reading not in (Ranges, Depth):
        raise ConfigError(
            f'encoder "{site.name}": sectors needs a range sensor or a depth camera as its input'
        )
    pixels = _pixels(config, site.source, site) if site.source.reading is Depth else None
    k = math.prod(site.source.shape)
    if config.response == "linear" and config.far_m <= config.near_m:
        raise ConfigError(
            f'encoder "{site.name}": far_m ({config.far_m:g}) must be above '
            f"near_m ({config.near_m:g})"
        )
    fov = math.radians(config.fov_deg)
    centres = fov * (0.5 - (np.arange(config.sectors) + 0.5) / config.sectors)
    return Kernel(
        step,
        params=(
            *generate.timing(config.code, config.max_rate_hz, site),
            fov,
            config.near_m,
            config.far_m,
        ),
        counts=(config.statistic == "median", config.response == "inverse", pixels is not None),
        state={
            **generate.state(config.sectors, site.rng(), config.code),
            "seen": np.zeros(1, np.int64),
            "start": np.zeros(config.sectors + 1, np.int64),
            "beams": np.zeros(k, np.float32),
            "bearing": np.full(k, np.nan, np.float32),
            "sector": np.zeros(k, np.int64),
        },
        static={} if pixels is None else {"pixels": pixels},
        units=units(config),
        capacity=generate.capacity(config.sectors, config.code),
        bearing_rad=centres.astype(np.float32),
    )


def _pixels(config: Config, source: SourceSpec, site: Site) -> Float32s:
    """Return the bearing of each pixel of a depth picture, ``float32[h * w]``."""
    height, width = source.shape
    if source.bearing_rad is None:
        raise ConfigError(
            f'encoder "{site.name}": sectors needs a depth camera that says where its columns look'
        )
    first, last = math.floor(config.top * height), math.ceil(config.bottom * height)
    if first >= last:
        raise ConfigError(
            f'encoder "{site.name}": bottom ({config.bottom:g}) must be above top ({config.top:g})'
        )
    bearing = np.full((height, width), _NOWHERE, np.float32)
    bearing[first:last] = source.bearing_rad
    return bearing.reshape(-1)
