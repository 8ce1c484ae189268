"""The guard between decoder and actuator: what may reach the motors.

Zero on every channel, at once, is what is left of a command while a sensor is silent (`[sensor]`
``silent_ms``), of one older than ``command_expires_ms`` (by its stamp, against the tick), and of
one that is not a finite number.  Any other is held within the body's limits.
"""

import numpy as np
from msgspec import Struct

from neuroloop.core.body import Positive
from neuroloop.core.errors import ConfigError
from neuroloop.core.kernel import entry, kernel
from neuroloop.core.native import f32, i64
from neuroloop.core.ports import Kernel, Site
from neuroloop.engine.row import (
    H_T_US,
    IN,
    IN_META,
    M_BYTES,
    M_SERIAL,
    M_T_US,
    META_WORDS,
    OUT,
    OUT_META,
    N,
    header,
    params,
    state_i64,
)


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[guard]`` with ``kind = "limits"``."""

    command_expires_ms: Positive = 200.0


EXPIRED, NOT_FINITE, LIMITED, BLIND = range(4)
REASONS = ("expired", "not finite", "limited", "blind")
"""what ``interventions`` counts, in ticks"""


@kernel
def limit(wanted, allowed, limits, stale, blind, interventions):
    """Write what the motors may do into ``allowed``."""
    finite = True
    for c in range(wanted.shape[0]):
        finite &= abs(wanted[c]) < np.inf
    interventions[BLIND] += blind
    interventions[EXPIRED] += (not blind) & stale
    interventions[NOT_FINITE] += (not blind) & (not stale) & (not finite)
    clipped = False
    for c in range(wanted.shape[0]):
        if blind or stale or not finite:
            allowed[c] = 0
        else:
            allowed[c] = min(max(wanted[c], -limits[c]), limits[c])
            clipped |= allowed[c] != wanted[c]
    interventions[LIMITED] += clipped


@entry
def step(arena, row):
    k = row[N]
    now = header(arena)[H_T_US]
    wanted = i64(arena, row[IN_META], META_WORDS)
    p = params(arena, row)
    never = wanted[M_SERIAL] == 0
    stale = never or now - wanted[M_T_US] > np.int64(p[0])
    motion = f32(arena, row[OUT], k)
    silent = state_i64(arena, row, 1, 1)
    blind = silent[0] > 0
    silent[0] = 0
    counts = state_i64(arena, row, 0, len(REASONS))
    limit(f32(arena, row[IN], k), motion, p[1:], stale, blind, counts)
    meta = i64(arena, row[OUT_META], META_WORDS)
    meta[M_T_US], meta[M_BYTES] = now, 4 * k
    meta[M_SERIAL] += 1


def build(config: Config, site: Site) -> Kernel:
    """Lay out the guard."""
    if site.body is None:
        raise ConfigError("guard: it needs an actuator whose body declares limits")
    return Kernel(
        step,
        params=(config.command_expires_ms * 1e3, *site.body.limits),
        state={
            "interventions": np.zeros(len(REASONS), np.int64),
            "blind": np.zeros(1, np.int64),
        },
    )
