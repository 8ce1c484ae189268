"""What may reach the motors of one limb: a person's motion before the network's, within limits.

A command that is too old or no number is zero at once; so is every other while the guard is in any
state but armed (`neuroloop.safety`).  What is left is held within the speeds that the settings, the
reflexes and the body allow.  Slowing down and stopping are never slowed down.
"""

from typing import Annotated

import numpy as np
from msgspec import Meta, Struct

from neuroloop.core.body import NotNegative, Positive
from neuroloop.core.errors import ConfigError
from neuroloop.core.kernel import entry, kernel
from neuroloop.core.native import f32, i64
from neuroloop.core.ports import Kernel, Site
from neuroloop.core.safety import Cause, State
from neuroloop.engine.row import (
    BLOCK_AT,
    H_DT_US,
    H_T_US,
    IN,
    IN_META,
    M_BYTES,
    M_SERIAL,
    M_T_US,
    META_WORDS,
    OUT,
    OUT_META,
    STEER,
    STEER_META,
    N,
    header,
    params,
    state_f32,
    state_i64,
)
from neuroloop.safety.block import B_AHEAD, B_BEHIND, B_STATE, BLOCK_WORDS, NOBODY, raise_cause


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[guard]`` with ``kind = "limits"``."""

    command_expires_ms: Positive = 200.0
    steer_expires_ms: Positive = 300.0
    """how long a person's command lasts, and keeps the network's away"""
    max_speed_mps: Positive | None = None
    """forward and backward; without it the body's own"""
    max_turn_radps: Positive | None = None
    max_accel_mps2: Positive | None = None
    """of a wheel that gets faster; without it the body's own does"""
    reflex: bool = True
    """slow down and stop by raw ranges"""
    stop_m: Annotated[NotNegative, Meta(le=10)] = 0.03
    """the clearance at which the reflex stands"""


LIMITED, REFLEX, STEERED = range(3)
REASONS = ("limited", "reflex", "steered")
"""what ``interventions`` counts, in ticks"""

_ENDLESS = 1e9
"""no limit"""
P_EXPIRES, P_STEER, P_SEPARATION, P_SPEED, P_TURN, P_ACCEL, P_LIMITS = range(7)
_ARMED = int(State.ARMED)
_EXPIRED, _BAD = int(Cause.EXPIRED), int(Cause.BAD_MOTION)


@kernel
def finite(values):
    """Whether all are numbers."""
    good = True
    for c in range(values.shape[0]):
        good &= abs(values[c]) < np.inf
    return good


@kernel
def clip(value, low, high):
    """Return the nearest value within bounds."""
    return min(max(value, low), high)


@kernel
def faster(motion, before, change):
    """Let no channel get faster by more than ``change``; slowing down is free."""
    limited = False
    for c in range(motion.shape[0]):
        start = before[c] if motion[c] * before[c] > 0 else np.float32(0)
        if abs(motion[c]) > abs(start):
            slow = clip(motion[c], start - change, start + change)
            limited |= slow != motion[c]
            motion[c] = slow
    return limited


@kernel
def drive(motion, block, p, counts):
    """Hold two wheels within the speeds that reflexes and settings allow."""
    forward, turn = (motion[0] + motion[1]) / 2, (motion[1] - motion[0]) / p[P_SEPARATION]
    ahead, behind = np.float32(block[B_AHEAD] * 1e-6), np.float32(block[B_BEHIND] * 1e-6)
    slower = clip(forward, -behind, ahead)
    held = clip(slower, -p[P_SPEED], p[P_SPEED])
    turned = clip(turn, -p[P_TURN], p[P_TURN])
    counts[REFLEX] += slower != forward
    # what is within limits passes to the bit
    if held != forward or turned != turn:
        motion[0] = held - turned * p[P_SEPARATION] / 2
        motion[1] = held + turned * p[P_SEPARATION] / 2
    return held != slower or turned != turn


@kernel
def within(motion, limits):
    """Slow all channels down alike, so that none is beyond its limit and the way stays."""
    scale = np.float32(1)
    for c in range(motion.shape[0]):
        if abs(motion[c]) > limits[c]:
            scale = min(scale, limits[c] / abs(motion[c]))
    if scale == 1:
        return False
    for c in range(motion.shape[0]):
        motion[c] = clip(motion[c] * scale, -limits[c], limits[c])
    return True


@kernel
def stamp_of(meta, seen, now):
    """Return the stamp of the newest command; one from the future counts as of its arrival."""
    if meta[M_SERIAL] != seen[0]:
        seen[0], seen[1] = meta[M_SERIAL], min(meta[M_T_US], now)
    return seen[1]


@entry
def step(arena, row):
    k, head, p = row[N], header(arena), params(arena, row)
    now = head[H_T_US]
    block, counts = i64(arena, row[BLOCK_AT], BLOCK_WORDS), state_i64(arena, row, 0, len(REASONS))
    before, seen = state_f32(arena, row, 1, k), state_i64(arena, row, 2, 4)
    wanted, steer = i64(arena, row[IN_META], META_WORDS), i64(arena, row[STEER_META], META_WORDS)
    motion, meta = f32(arena, row[OUT], k), i64(arena, row[OUT_META], META_WORDS)
    wanted_us, steer_us = stamp_of(wanted, seen[:2], now), stamp_of(steer, seen[2:], now)
    steered = steer[M_SERIAL] > 0 and now - steer_us <= np.int64(p[P_STEER])
    never = not steered and wanted[M_SERIAL] == 0
    late = not steered and not never and now - wanted_us > np.int64(p[P_EXPIRES])
    chosen = f32(arena, row[STEER] if steered else row[IN], k)
    good = finite(chosen)
    if late:
        raise_cause(block, _EXPIRED, NOBODY)
    if not good:
        raise_cause(block, _BAD, NOBODY)
    if never or late or not good or block[B_STATE] != _ARMED:
        motion[:] = 0
    else:
        counts[STEERED] += steered
        motion[:] = chosen
        limited = faster(motion, before, p[P_ACCEL] * np.float32(head[H_DT_US]) * np.float32(1e-6))
        if k == 2:
            limited |= drive(motion, block, p, counts)
        limited |= within(motion, p[P_LIMITS:])
        counts[LIMITED] += limited
    before[:] = motion
    meta[M_T_US], meta[M_BYTES] = now, 4 * k
    meta[M_SERIAL] += 1


def build(config: Config, site: Site) -> Kernel:
    """Lay out the limb's row."""
    if site.body is None:
        raise ConfigError("guard: it needs an actuator whose body declares limits")
    body = site.body
    return Kernel(
        step,
        params=(
            config.command_expires_ms * 1e3,
            config.steer_expires_ms * 1e3,
            body.drive.wheel_separation_m,
            config.max_speed_mps or _ENDLESS,
            config.max_turn_radps or _ENDLESS,
            config.max_accel_mps2 or _ENDLESS,
            *body.limits,
        ),
        state={
            "interventions": np.zeros(len(REASONS), np.int64),
            "before": np.zeros(len(body.channels), np.float32),
            "seen": np.zeros(4, np.int64),
        },
    )
