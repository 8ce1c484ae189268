"""A row for each sensor that motion depends on: what is doubtful about it, every tick.

A sensor that says nothing leaves its last reading where it was, and everything after it goes on as
if the world stood still; one that says the same again and again does the same while it looks alive.
"""

import numpy as np

from neuroloop.core.kernel import entry, kernel
from neuroloop.core.message import payload_bytes
from neuroloop.core.native import f32, i64, u8
from neuroloop.core.ports import Kernel
from neuroloop.core.safety import Cause
from neuroloop.core.values import Depth, Frame, Ranges, SourceSpec
from neuroloop.engine.row import (
    COUNT,
    H_T_US,
    IN,
    IN_META,
    M_BYTES,
    M_LOST,
    M_SERIAL,
    M_T_US,
    META_WORDS,
    OUT,
    N,
    header,
    params,
    state_i64,
)
from neuroloop.safety.block import B_WARNINGS, BLOCK_WORDS, raise_cause

WHO, SILENT_US, FLAGS = COUNT + 1, COUNT + 2, COUNT + 3
NUMBERS, MAY_BE_ABSENT, REPEATS, STOP = 1, 2, 4, 8
"""flags: it gives float32; NaN is no measurement and +inf nothing in range; equal readings are in
order; any number that is not 0 is an emergency"""
SEEN, HASH, FRESH_US, LOST, LOST_US, BAD, WINDOW_US, IN_WINDOW, FAST = range(9)
_STATE = 9
"""serial that was looked at, hash of its bytes, stamp of the last reading that was another than the
one before, losses seen and when, causes of the newest reading, start of the window in which
readings are counted, how many, and whether there were too many in the window before"""

_SILENT, _REPEATED, _LOST = int(Cause.SILENT), int(Cause.REPEATED), int(Cause.LOST)
_NOT_FINITE, _RANGE = int(Cause.NOT_FINITE), int(Cause.OUT_OF_RANGE)
_FAST, _EMERGENCY = int(Cause.TOO_FAST), int(Cause.EMERGENCY)
_LOST_FOR_US = 200_000
_WINDOW_US = 200_000
_PRIME, _BASIS = 0x100000001B3, 0xCBF29CE484222325


@kernel
def bytes_hash(data):
    """Return the FNV-1a hash of bytes."""
    value = np.uint64(_BASIS)
    for i in range(data.shape[0]):
        value = (value ^ np.uint64(data[i])) * np.uint64(_PRIME)
    return np.int64(value)


@kernel
def doubts(x, n_metres, flags, low, high):
    """Return the bits of the causes that the numbers of one reading give."""
    found, absent = 0, 0
    for i in range(n_metres):
        value = x[i]
        if np.isnan(value):
            absent += 1
        elif np.isinf(value):
            if not flags & MAY_BE_ABSENT or value < 0:
                found |= 1 << _NOT_FINITE
        elif value < low or value > high:
            found |= 1 << _RANGE
        if flags & STOP and value != 0:
            found |= 1 << _EMERGENCY
    if absent > 0 and (absent == n_metres or not flags & MAY_BE_ABSENT):
        found |= 1 << _NOT_FINITE
    return found


@entry
def step(arena, row):
    now = header(arena)[H_T_US]
    meta, block = i64(arena, row[IN_META], META_WORDS), i64(arena, row[OUT], BLOCK_WORDS)
    p, own = params(arena, row), state_i64(arena, row, 0, _STATE)
    serial, who, limit_us, flags = meta[M_SERIAL], row[WHO], row[SILENT_US], row[FLAGS]
    if serial != own[SEEN]:
        own[IN_WINDOW] += serial - own[SEEN]
        value = bytes_hash(u8(arena, row[IN], meta[M_BYTES]))
        if own[SEEN] == 0 or value != own[HASH] or flags & REPEATS:
            own[FRESH_US] = meta[M_T_US]
        own[HASH], own[SEEN], own[BAD] = value, serial, 0
        if flags & NUMBERS:
            n = np.int64(p[3])
            own[BAD] = doubts(f32(arena, row[IN], n), n, flags, p[0], p[1])
    if limit_us > 0 and (serial == 0 or now - meta[M_T_US] > limit_us):
        raise_cause(block, _SILENT, who)
    elif limit_us > 0 and now - own[FRESH_US] > limit_us:
        raise_cause(block, _REPEATED, who)
    elif limit_us > 0 and now - own[FRESH_US] > limit_us // 2:
        block[B_WARNINGS] |= 1 << _SILENT
    for cause in range(_EMERGENCY + 1):
        if own[BAD] >> cause & 1:
            raise_cause(block, cause, who)
    if meta[M_LOST] != own[LOST]:
        own[LOST], own[LOST_US] = meta[M_LOST], now + _LOST_FOR_US
    if now < own[LOST_US]:
        raise_cause(block, _LOST, who)
    if now - own[WINDOW_US] >= _WINDOW_US:
        # one window without too many is needed before it counts as well again
        own[FAST] = own[IN_WINDOW] > p[2]
        own[WINDOW_US], own[IN_WINDOW] = now, 0
    if p[2] > 0 and (own[FAST] or own[IN_WINDOW] > p[2]):
        raise_cause(block, _FAST, who)


def build(
    spec: SourceSpec, *, who: int, silent_us: int, repeats: bool, stop: bool, dt_us: int
) -> Kernel:
    """Lay out the row of a sensor.

    Parameters
    ----------
    spec
        What it says of itself; its rate and range are held against it.
    who
        Number that a report turns into its name.
    silent_us
        How long it may be silent, or repeat itself; 0 is for ever.
    repeats
        Whether equal readings are in good order.
    stop
        Whether any number but 0 is an emergency.
    dt_us
        Length of a tick.
    """
    del dt_us
    numbers = spec.reading is not Frame
    n = payload_bytes(spec) // 4 if numbers else 0
    if spec.reading is Ranges:
        n //= 2  # bearings follow
    flags = NUMBERS * numbers | MAY_BE_ABSENT * (spec.reading in (Ranges, Depth))
    flags |= REPEATS * repeats | STOP * stop
    slack = 0.05 * (spec.high - spec.low) if np.isfinite([spec.low, spec.high]).all() else 0.0
    low = max(spec.low - slack, 0.0) if spec.reading is Ranges else spec.low - slack
    most = 4 * spec.rate_hz * _WINDOW_US * 1e-6 + 4 if spec.rate_hz else 0.0
    return Kernel(
        step,
        params=(low, spec.high + slack, most, n),
        counts=(who, silent_us, flags),
        state={"watched": np.zeros(_STATE, np.int64)},
    )
