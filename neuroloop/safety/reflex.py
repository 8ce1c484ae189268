"""How fast a body may go, from raw ranges alone: never faster than it can still stop.

What lies in the corridor that the body sweeps straight ahead, or straight behind, at a clearance c
allows v = sqrt(2 a (c - s)) with a the body's braking and s the distance at which it stands.
Turning in place and driving the other way stay free.
"""

import math

import numpy as np

from neuroloop.core.body import Body
from neuroloop.core.kernel import entry, kernel
from neuroloop.core.native import f32, i64
from neuroloop.core.ports import Kernel
from neuroloop.core.values import SourceSpec
from neuroloop.engine.row import IN, IN_META, M_SERIAL, META_WORDS, OUT, N, params, state_i64
from neuroloop.safety.block import B_NEXT_AHEAD, B_NEXT_BEHIND, BLOCK_WORDS, NO_LIMIT

SEEN, AHEAD, BEHIND = range(3)
_STATE = 3
_MARGIN_M = 0.01


@kernel
def clearances(metres, bearing, x, y, yaw, radius):
    """Return how far the body may go straight ahead and straight behind, in metres."""
    ahead, behind = np.inf, np.inf
    reach = radius + _MARGIN_M
    for i in range(metres.shape[0]):
        r = metres[i]
        if not 0 <= r < np.inf:
            continue
        px = x + r * math.cos(bearing[i] + yaw)
        py = y + r * math.sin(bearing[i] + yaw)
        if not abs(py) <= reach:
            continue
        gap = abs(px) - math.sqrt(max(radius * radius - py * py, 0.0))
        if px >= 0:
            ahead = min(ahead, gap)
        else:
            behind = min(behind, gap)
    return ahead, behind


@kernel
def speed(clearance, stop_m, braking):
    """Return the fastest speed in um/s from which the body stops in time."""
    fastest = 1e6 * math.sqrt(2 * braking * max(clearance - stop_m, 0.0))
    return np.int64(fastest) if fastest < NO_LIMIT else NO_LIMIT


@entry
def step(arena, row):
    own, block = state_i64(arena, row, 0, _STATE), i64(arena, row[OUT], BLOCK_WORDS)
    serial = i64(arena, row[IN_META], META_WORDS)[M_SERIAL]
    if serial != own[SEEN]:
        own[SEEN] = serial
        n, p = row[N], params(arena, row)
        metres, bearing = f32(arena, row[IN], n), f32(arena, row[IN] + 4 * n, n)
        ahead, behind = clearances(metres, bearing, p[0], p[1], p[2], p[3])
        own[AHEAD], own[BEHIND] = speed(ahead, p[4], p[5]), speed(behind, p[4], p[5])
    block[B_NEXT_AHEAD] = min(block[B_NEXT_AHEAD], own[AHEAD])
    block[B_NEXT_BEHIND] = min(block[B_NEXT_BEHIND], own[BEHIND])


def build(spec: SourceSpec, body: Body, *, stop_m: float, dt_us: int) -> Kernel:
    """Lay out the row of a range finder on a body; it stands where ``stop_m`` is left."""
    del dt_us
    x, y, _, _, _, yaw = spec.pose
    params = (x, y, yaw, body.radius_m, stop_m, body.drive.max_wheel_mps2)
    own = np.array([0, NO_LIMIT, NO_LIMIT], np.int64)
    return Kernel(step, params=params, state={"allowed": own})
