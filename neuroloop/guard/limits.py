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
def drive(allowed, block, p, counts):
    """Hold two wheels within the speeds that settings and reflexes allow."""
    forward, turn = (allowed[0] + allowed[1]) / 2, (allowed[1] - allowed[0]) / p[P_SEPARATION]
    ahead, behind = np.float32(block[B_AHEAD] * 1e-6), np.float32(block[B_BEHIND] * 1e-6)
    slower = clip(forward, -behind, ahead)
    counts[REFLEX] += slower != forward
    held = clip(slower, -p[P_SPEED], p[P_SPEED])
    turned = clip(turn, -p[P_TURN], p[P_TURN])
    if held != forward or turned != turn:
        counts[LIMITED] += held != slower or turned != turn
        allowed[0] = held - turned * p[P_SEPARATION] / 2
        allowed[1] = held + turned * p[P_SEPARATION] / 2


@kernel
def within(allowed, before, p, dt_us, counts):
    """Keep the way, at a speed that no channel's limit is below, and getting faster slowly."""
    scale = np.float32(1)
    for c in range(allowed.shape[0]):
        most = p[P_LIMITS + c]
        if abs(allowed[c]) > most:
            scale = min(scale, most / abs(allowed[c]))
    limited = scale < 1
    change = p[P_ACCEL] * np.float32(dt_us) * np.float32(1e-6)
    for c in range(allowed.shape[0]):
        most = p[P_LIMITS + c]
        value = clip(allowed[c] * scale, -most, most) if limited else allowed[c]
        if abs(value) > abs(before[c]) or value * before[c] < 0:
            start = before[c] if value * before[c] > 0 else np.float32(0)
            slow = clip(value, start - change, start + change)
            limited |= slow != value
            value = slow
        allowed[c] = value
    counts[LIMITED] += limited


@entry
def step(arena, row):
    k, now, p = row[N], header(arena)[H_T_US], params(arena, row)
    block, counts = i64(arena, row[BLOCK_AT], BLOCK_WORDS), state_i64(arena, row, 0, len(REASONS))
    wanted, steer = i64(arena, row[IN_META], META_WORDS), i64(arena, row[STEER_META], META_WORDS)
    motion = f32(arena, row[OUT], k)
    meta = i64(arena, row[OUT_META], META_WORDS)
    before = state_f32(arena, row, 1, k)
    steered = steer[M_SERIAL] > 0 and now - steer[M_T_US] <= np.int64(p[P_STEER])
    source = row[STEER] if steered else row[IN]
    never = not steered and wanted[M_SERIAL] == 0
    late = not steered and not never and now - wanted[M_T_US] > np.int64(p[P_EXPIRES])
    chosen = f32(arena, source, k)
    good = finite(chosen)
    if late:
        raise_cause(block, _EXPIRED, NOBODY)
    if not good and not never:
        raise_cause(block, _BAD, NOBODY)
    if never or late or not good or block[B_STATE] != _ARMED:
        motion[:] = 0
    else:
        counts[STEERED] += steered
        for c in range(k):
            motion[c] = chosen[c]
        if k == 2:
            drive(motion, block, p, counts)
        within(motion, before, p, header(arena)[H_DT_US], counts)
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
        },
    )
