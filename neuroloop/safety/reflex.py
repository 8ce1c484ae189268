"""How fast a body may go, from raw ranges alone: never faster than it can still stop.

What lies in the corridor that the body sweeps straight ahead, or straight behind, at a clearance c,
allows the speed v at which the way until the next scan is acted upon and the way of braking end
where the body is to stand,

    v t + v^2 / (2 a) = c - s,    v = sqrt((a t)^2 + 2 a (c - s)) - a t,

with a the body's braking, s the clearance that is left, and t the age of the scan and the time to
the next one.  Turning in place and driving the other way stay free.
"""

import math

import numpy as np

from neuroloop.core.body import Body
from neuroloop.core.kernel import entry, kernel
from neuroloop.core.native import f32, i64
from neuroloop.core.ports import Kernel
from neuroloop.core.values import SourceSpec
from neuroloop.engine.row import (
    H_T_US,
    IN,
    IN_META,
    M_SERIAL,
    M_T_US,
    META_WORDS,
    OUT,
    N,
    header,
    params,
    state_i64,
)
from neuroloop.safety.block import B_NEXT_AHEAD, B_NEXT_BEHIND, BLOCK_WORDS, NO_LIMIT

SEEN, AHEAD, BEHIND = range(3)
_STATE = 3
P_X, P_Y, P_YAW, P_RADIUS, P_STOP, P_BRAKING, P_PERIOD = range(7)
MARGIN_M = 0.01
"""of the corridor on either side"""
UNKNOWN_PERIOD_S = 0.1
"""between scans, where a sensor declares no rate"""


@kernel
def clearances(metres, bearing, x, y, yaw, radius):
    """Return how far the body may go straight ahead and straight behind, in metres."""
    ahead, behind = np.inf, np.inf
    for i in range(metres.shape[0]):
        r = metres[i]
        if not 0 <= r < np.inf:
            continue
        px = x + r * math.cos(bearing[i] + yaw)
        py = y + r * math.sin(bearing[i] + yaw)
        # a bearing that is no number lies in no corridor
        if not abs(py) <= radius + MARGIN_M:
            continue
        gap = abs(px) - math.sqrt(max(radius * radius - py * py, 0.0))
        if px >= 0:
            ahead = min(ahead, gap)
        else:
            behind = min(behind, gap)
    return ahead, behind


@kernel
def speed(free_m, reaction_s, braking):
    """Return the fastest speed in um/s from which the body stops within ``free_m``."""
    lost = braking * reaction_s
    fastest = 1e6 * (math.sqrt(lost * lost + 2 * braking * max(free_m, 0.0)) - lost)
    return np.int64(fastest) if fastest < NO_LIMIT else NO_LIMIT


@entry
def step(arena, row):
    own, block = state_i64(arena, row, 0, _STATE), i64(arena, row[OUT], BLOCK_WORDS)
    meta = i64(arena, row[IN_META], META_WORDS)
    if meta[M_SERIAL] != own[SEEN]:
        own[SEEN] = meta[M_SERIAL]
        n, p = row[N], params(arena, row)
        metres, bearing = f32(arena, row[IN], n), f32(arena, row[IN] + 4 * n, n)
        ahead, behind = clearances(metres, bearing, p[P_X], p[P_Y], p[P_YAW], p[P_RADIUS])
        reaction_s = p[P_PERIOD] + 1e-6 * max(header(arena)[H_T_US] - meta[M_T_US], 0)
        own[AHEAD] = speed(ahead - p[P_STOP], reaction_s, p[P_BRAKING])
        own[BEHIND] = speed(behind - p[P_STOP], reaction_s, p[P_BRAKING])
    block[B_NEXT_AHEAD] = min(block[B_NEXT_AHEAD], own[AHEAD])
    block[B_NEXT_BEHIND] = min(block[B_NEXT_BEHIND], own[BEHIND])


def build(spec: SourceSpec, body: Body, *, stop_m: float, dt_us: int) -> Kernel:
    """Lay out the row of a range finder on a body; at a clearance of ``stop_m`` it stands."""
    x, y, _, _, _, yaw = spec.pose
    period_s = 1 / spec.rate_hz if spec.rate_hz else UNKNOWN_PERIOD_S
    mounting = (x, y, yaw, body.radius_m)
    own = np.array([0, NO_LIMIT, NO_LIMIT], np.int64)
    return Kernel(
        step,
        params=(*mounting, stop_m, body.drive.max_wheel_mps2, period_s + dt_us * 1e-6),
        state={"allowed": own},
    )
