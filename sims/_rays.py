"""Lidar: each surface is tried only on the beams that look its way.

The ends of a wall, seen from the sensor, span less than half a turn; only beams between them can
hit it.  With the beams sorted by bearing a scan costs about one test a beam and wall that *faces*
it, where trying each wall on each beam costs their product.
"""

import math

import numpy as np

from neuroloop.core.course import courses_of
from neuroloop.core.kernel import kernel
from neuroloop.core.values import Float32s
from neuroloop.core.world import World
from sims._surfaces import (
    PX,
    PY,
    RADIUS,
    X1,
    X2,
    Y1,
    Y2,
    Floats,
    move_targets,
    posts_of,
    walls_of,
)

_KEPT_BEAMS = 16

BEARING, COS, SIN, INDEX, BEAM_COLUMNS = range(5)
"""columns of a prepared beam: bearing in [-pi, pi), its cosine and sine, its place in the scan"""

_WIDER_RAD = 1e-6
"""rounding must not lose a beam that just meets the end of a wall"""
_ENDS = 1e-9
"""two walls that share a corner leave no gap to look through"""


def beams_of(bearing_rad: Float32s) -> Floats:
    """Return ``float64[k, BEAM_COLUMNS]`` sorted by bearing."""
    angle = (bearing_rad.astype(np.float64) + math.pi) % (2 * math.pi) - math.pi
    order = np.argsort(angle, kind="stable")
    angle = angle[order]
    return np.column_stack([angle, np.cos(angle), np.sin(angle), order.astype(np.float64)])


@kernel
def scan(walls, posts, x, y, yaw, beams):
    """Return the distance to the nearest surface on each beam, ``float32[k]``, +inf for none."""
    count = beams.shape[0]
    best = np.full(count, math.inf)
    c = math.cos(yaw)
    s = math.sin(yaw)
    end_x = math.inf
    end_y = math.inf
    x2 = y2 = toward2 = 0.0
    for i in range(walls.shape[0]):
        if walls[i, X1] == end_x and walls[i, Y1] == end_y:
            x1, y1, toward1 = x2, y2, toward2
        else:
            x1, y1, toward1 = _look(walls[i, X1] - x, walls[i, Y1] - y, c, s)
        end_x = walls[i, X2]
        end_y = walls[i, Y2]
        x2, y2, toward2 = _look(end_x - x, end_y - y, c, s)
        _cast_wall(best, beams, x1, y1, toward1, x2, y2, toward2)
    for i in range(posts.shape[0]):
        px, py, toward = _look(posts[i, PX] - x, posts[i, PY] - y, c, s)
        _cast_post(best, beams, px, py, toward, posts[i, RADIUS])
    metres = np.empty(count, np.float32)
    for k in range(count):
        metres[int(beams[k, INDEX])] = best[k]
    return metres


@kernel
def _look(dx, dy, c, s):
    """Turn an offset into the sensor's frame; returns it and the bearing of its end."""
    px = c * dx + s * dy
    py = c * dy - s * dx
    return px, py, math.atan2(py, px)


@kernel
def _cast_wall(best, beams, x1, y1, toward1, x2, y2, toward2):
    span = toward2 - toward1
    if span > math.pi:
        span -= 2 * math.pi
    elif span < -math.pi:
        span += 2 * math.pi
    first = toward1 if span > 0.0 else toward2
    if abs(span) > math.pi - 1e-3:  # the sensor is all but on the wall: any beam may meet it
        _wall(best, beams, 0, beams.shape[0], x1, y1, x2 - x1, y2 - y1)
        return
    low, high, low2, high2 = _facing(beams, first - _WIDER_RAD, abs(span) + 2 * _WIDER_RAD)
    _wall(best, beams, low, high - low, x1, y1, x2 - x1, y2 - y1)
    _wall(best, beams, low2, high2 - low2, x1, y1, x2 - x1, y2 - y1)


@kernel
def _cast_post(best, beams, px, py, toward, radius):
    distance = math.sqrt(px * px + py * py)
    if distance <= radius:
        _post(best, beams, 0, beams.shape[0], px, py, radius)
        return
    half = math.asin(radius / distance) + _WIDER_RAD
    low, high, low2, high2 = _facing(beams, toward - half, 2 * half)
    _post(best, beams, low, high - low, px, py, radius)
    _post(best, beams, low2, high2 - low2, px, py, radius)


@kernel
def _facing(beams, first, span):
    """Return the beams with a bearing in [first, first + span] as two ranges of rows."""
    last = first + span
    low = _search(beams, first)
    high = _search(beams, last)
    if first < -math.pi:
        return low, high, _search(beams, first + 2 * math.pi), beams.shape[0]
    if last >= math.pi:
        return low, high, 0, _search(beams, last - 2 * math.pi)
    return low, high, 0, 0


@kernel
def _search(beams, bearing):
    """Return the first row whose bearing is not below ``bearing``."""
    low = 0
    count = beams.shape[0]
    while count > 0:
        half = count // 2
        if beams[low + half, BEARING] < bearing:
            low += half + 1
            count -= half + 1
        else:
            count = half
    return low


@kernel
def _wall(best, beams, start, count, x1, y1, dx, dy):
    """Meet beam (c, s) at range t with the wall at u: t (c, s) = (x1, y1) + u (dx, dy)."""
    across = x1 * dy - y1 * dx
    for i in range(count):
        k = start + i
        c = beams[k, COS]
        s = beams[k, SIN]
        turn = c * dy - s * dx
        if turn == 0.0:
            continue
        t = across / turn
        u = (x1 * s - y1 * c) / turn
        if t >= 0.0 and t < best[k] and u >= -_ENDS and u <= 1.0 + _ENDS:
            best[k] = t


@kernel
def _post(best, beams, start, count, px, py, radius):
    """Meet beam d at range t with the post: |t d - p| = radius, the nearest t that is ahead."""
    beyond = px * px + py * py - radius * radius
    for i in range(count):
        k = start + i
        middle = px * beams[k, COS] + py * beams[k, SIN]
        root = middle * middle - beyond
        if root < 0.0:
            continue
        root = math.sqrt(root)
        t = middle - root if middle >= root else middle + root
        if t >= 0.0 and t < best[k]:
            best[k] = t


class Rays:
    """A lidar's view of one world; the beams of the last few sensors are kept prepared."""

    def __init__(self, world: World) -> None:
        self._walls, self._posts = walls_of(world), posts_of(world)
        self._courses = courses_of(world)
        self._beams: dict[bytes, Floats] = {}

    def scan(
        self,
        body: tuple[float, float, float],
        mount: tuple[float, float, float],
        bearing_rad: Float32s,
        t_us: int,
    ) -> Float32s:
        """Return ``float32[k]`` metres from a sensor mounted on a body, poses as x, y, yaw."""
        move_targets(self._posts, self._courses.ways, self._courses.legs, t_us)
        key = bearing_rad.tobytes()
        beams = self._beams.get(key)
        if beams is None:
            if len(self._beams) >= _KEPT_BEAMS:
                self._beams.clear()
            beams = self._beams[key] = beams_of(bearing_rad)
        metres: Float32s = scan(self._walls, self._posts, *mounted(body, mount), beams)
        return metres


def mounted(
    body: tuple[float, float, float], mount: tuple[float, float, float]
) -> tuple[float, float, float]:
    """Return a pose on the body as a pose in the world; x, y in metres, yaw in radians."""
    x, y, yaw = mount
    c, s = math.cos(body[2]), math.sin(body[2])
    return body[0] + c * x - s * y, body[1] + s * x + c * y, body[2] + yaw
