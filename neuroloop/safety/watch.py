"""A row for each sensor that motion depends on: what is doubtful about it, every tick.

A sensor that says nothing leaves its last reading where it was, and everything after it goes on as
if the world stood still; one that says the same again and again does the same while it looks alive.
"""

import numpy as np

from neuroloop.core.errors import ConfigError
from neuroloop.core.kernel import entry, kernel
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
NUMBERS, MAY_BE_ABSENT, BEARINGS, REPEATS, STOP = 1, 2, 4, 8, 16
"""flags: it gives float32; NaN is no measurement and +inf nothing in range; bearings follow the
numbers; equal readings are in order; any number that is not 0 is an emergency"""
LOW, HIGH, RATE = range(3)
"""parameters: its range, and its readings a second, 0 where it declares none"""
(
    SEEN,
    HASH,
    NEWEST_US,
    FRESH_US,
    BAD,
    LOST,
    LOST_US,
    LOST_UNTIL_US,
    WINDOW_US,
    IN_WINDOW,
    FAST,
) = range(11)
_STATE = 11
"""
``SEEN``, ``HASH``: serial of the reading that was looked at last, and hash of its bytes.
``NEWEST_US``, ``FRESH_US``: stamp of that one, and of the last that was not like the one before.
``BAD``: bits of the causes that its numbers gave.
``LOST``, ``LOST_US``, ``LOST_UNTIL_US``: readings lost so far, when, and how long that counts.
``WINDOW_US``, ``IN_WINDOW``, ``FAST``: start of the window in which readings are counted, how many
there were, and whether there were too many in the window before.
"""

_SILENT, _REPEATED, _LOST = int(Cause.SILENT), int(Cause.REPEATED), int(Cause.LOST)
_NOT_FINITE, _RANGE = int(Cause.NOT_FINITE), int(Cause.OUT_OF_RANGE)
_FAST, _EMERGENCY = int(Cause.TOO_FAST), int(Cause.EMERGENCY)
ONE_LOSS_US, MORE_LOSSES_US, SOON_US = 50_000, 200_000, 1_000_000
"""a loss counts for the first of these, or for the second where it is not the first one soon"""
WINDOW_LENGTH_US = 200_000
TIMES_THE_RATE, SLACK_READINGS = 4, 4
SLACK = 0.05
"""of the span between a sensor's lowest and highest number"""
_PRIME, _BASIS, _FOLD = 0x100000001B3, 0xCBF29CE484222325, 29


@kernel
def content_hash(data, words):
    """Return a 64-bit hash of bytes, after FNV-1a, a word at a time.

    ``words`` (int64) are the whole words of ``data`` (uint8).  The top bits are folded back, or
    else two changes of a word's highest bit, the sign of a float, would cancel.
    """
    value = np.uint64(_BASIS)
    for k in range(words.shape[0]):
        value = (value ^ np.uint64(words[k])) * np.uint64(_PRIME)
        value ^= value >> np.uint64(_FOLD)
    for k in range(8 * words.shape[0], data.shape[0]):
        value = (value ^ np.uint64(data[k])) * np.uint64(_PRIME)
    return np.int64(value ^ np.uint64(data.shape[0]))


@kernel
def doubts(x, n, flags, low, high):
    """Return bits of the causes that one reading gives: ``n`` numbers, or as many and bearings."""
    found, absent = 0, 0
    for i in range(n):
        value = x[i]
        if np.isnan(value):
            absent += 1
        elif np.isinf(value):
            if value < 0 or not flags & MAY_BE_ABSENT:
                found |= 1 << _NOT_FINITE
        elif value < low or value > high:
            found |= 1 << _RANGE
        if flags & STOP and value != 0:
            found |= 1 << _EMERGENCY
    if absent > 0 and (absent == n or not flags & MAY_BE_ABSENT):
        found |= 1 << _NOT_FINITE
    if flags & BEARINGS:
        for i in range(n):
            if not abs(x[n + i]) < np.inf:
                found |= 1 << _NOT_FINITE
    return found


@kernel
def too_many(own, rate, now):
    """Whether there were too many readings in this window, or in the one before."""
    elapsed_us = now - own[WINDOW_US]
    length_us = max(elapsed_us, WINDOW_LENGTH_US)
    many = (own[IN_WINDOW] - SLACK_READINGS) * 1e6 > TIMES_THE_RATE * rate * length_us
    fast = many or own[FAST] != 0
    if elapsed_us >= WINDOW_LENGTH_US:
        own[FAST], own[WINDOW_US], own[IN_WINDOW] = many, now, 0
    return fast


@kernel
def lose(own, lost, now):
    """Take note of readings that never came in; returns whether that counts now."""
    if lost != own[LOST]:
        again = own[LOST] > 0 and now >= own[LOST_UNTIL_US] and now - own[LOST_US] < SOON_US
        until_us = now + (MORE_LOSSES_US if again else ONE_LOSS_US)
        own[LOST], own[LOST_US] = lost, now
        own[LOST_UNTIL_US] = max(own[LOST_UNTIL_US], until_us)
    return now < own[LOST_UNTIL_US]


@entry
def step(arena, row):
    now = header(arena)[H_T_US]
    meta, block = i64(arena, row[IN_META], META_WORDS), i64(arena, row[OUT], BLOCK_WORDS)
    p, own = params(arena, row), state_i64(arena, row, 0, _STATE)
    serial, who, limit_us, flags = meta[M_SERIAL], row[WHO], row[SILENT_US], row[FLAGS]
    if serial != own[SEEN]:
        n_bytes, value = min(meta[M_BYTES], row[N]), own[HASH]
        own[IN_WINDOW] += serial - own[SEEN]
        # a stamp from the future must not make a sensor look alive
        own[NEWEST_US] = min(meta[M_T_US], now)
        if not flags & REPEATS:
            value = content_hash(u8(arena, row[IN], n_bytes), i64(arena, row[IN], n_bytes // 8))
        if flags & REPEATS or value != own[HASH]:
            own[FRESH_US] = own[NEWEST_US]
        own[HASH], own[SEEN], own[BAD] = value, serial, 0
        if flags & NUMBERS:
            numbers = n_bytes // 4
            n = numbers // 2 if flags & BEARINGS else numbers
            own[BAD] = doubts(f32(arena, row[IN], numbers), n, flags, p[LOW], p[HIGH])
    if limit_us > 0:
        if serial == 0 or now - own[NEWEST_US] > limit_us:
            raise_cause(block, _SILENT, who)
        elif now - own[FRESH_US] > limit_us:
            raise_cause(block, _REPEATED, who)
        elif now - own[NEWEST_US] > limit_us // 2:
            block[B_WARNINGS] |= 1 << _SILENT
    for cause in range(_EMERGENCY + 1):
        if own[BAD] >> cause & 1:
            raise_cause(block, cause, who)
    if lose(own, meta[M_LOST], now):
        raise_cause(block, _LOST, who)
    if too_many(own, p[RATE], now) and p[RATE] > 0:
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

    Raises
    ------
    ConfigError
        Where a sensor of pictures is to be an emergency stop.
    """
    del dt_us  # the row goes by stamps
    numbers = spec.reading is not Frame
    if stop and not numbers:
        raise ConfigError(
            f'[guard]: `stop`: sensor "{spec.name}" gives pictures; '
            "an emergency stop is a sensor of numbers, 0 while all is well"
        )
    distances = spec.reading in (Ranges, Depth)
    flags = NUMBERS * numbers | MAY_BE_ABSENT * distances | BEARINGS * (spec.reading is Ranges)
    flags |= REPEATS * repeats | STOP * stop
    slack = SLACK * (spec.high - spec.low) if np.isfinite([spec.low, spec.high]).all() else 0.0
    low = max(spec.low - slack, 0.0) if distances else spec.low - slack
    return Kernel(
        step,
        params=(low, spec.high + slack, spec.rate_hz),
        counts=(who, silent_us, flags),
        state={"watched": np.zeros(_STATE, np.int64)},
    )
