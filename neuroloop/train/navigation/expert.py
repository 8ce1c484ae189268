r"""The teacher: from one scan and the bearing of the goal to the speeds of the wheels.

It has no map and no memory.  The scan is first turned into the free way of a disc in each
heading.  Where the way to the goal is blocked, it looks for *openings*: headings where the free
way gets longer by a jump, so that one passes the edge of something there.  An opening p costs

.. math:: |p| + |goal - p| + a\,|\theta_p|

and the cheapest wins, as in the local tangent graph of TangentBug (Kamon, Rimon and Rivlin,
"TangentBug: a range-sensor-based navigation algorithm", IJRR 1998); without an opening the
heading that is best in free way, nearness to the goal's and to the robot's own wins.  Then it turns
there and drives as fast as the free way allows.
"""

import math
from typing import NamedTuple

import numpy as np

from neuroloop.core.kernel import kernel

BEAMS = 720
"""a scan is the whole circle from left to right, +pi down to -pi"""
HEADINGS = 180
"""headings that are looked at, 2 degrees apart, in the same order"""
_PER = BEAMS // HEADINGS
_BEAM_RAD = 2 * math.pi / BEAMS
BEARING = math.pi - (np.arange(BEAMS) + 0.5) * _BEAM_RAD
_OFF = (np.arange(BEAMS) + 0.5 * (_PER - 1)) * _BEAM_RAD
_COS, _SIN = np.cos(_OFF), np.sin(_OFF)

WHEEL_MPS = 0.5
SEPARATION_M = 0.23


class Expert(NamedTuple):
    """What was tuned on generated worlds; in metres, radians and seconds."""

    radius: float = 0.28
    """of the disc that has to pass"""
    horizon: float = 5.7
    """free ways count up to here"""
    jump: float = 0.3
    """by how much the free way changes at an opening"""
    turn_cost: float = 0.88
    """metres that a turn of one radian is worth"""
    guided_turn_cost: float = 0.15
    """the same where it is told the way to the goal"""
    goal_weight: float = 0.55
    """without an opening: how much a heading off the goal's costs"""
    turn_weight: float = 0.32
    """without an opening: how much a heading off one's own costs"""
    gain: float = 2.4
    """turning speed per angle to the chosen heading, 1/s"""
    turn_limit: float = 3.2
    """radians a second"""
    slow: float = 1.4
    """free way below which it drives slower"""
    delay: float = 0.13
    """time from a scan to the motion: the turn made meanwhile is not made twice"""
    sharp: float = 1.5
    """power of the cosine that slows it down in a turn"""
    past: float = 0.1
    """how far beyond an edge an opening is"""
    keep: float = 0.48
    """distance to surfaces below which it gives way sideways"""
    push: float = 0.8
    """how strongly"""
    blocked: float = 2.0
    """metres that a surface in sight between an opening and the goal is worth"""
    inertia: float = 0.054
    """time over which the present turn counts as made, where openings compete, s"""


@kernel
def free_ways(metres, radius, horizon, free):
    """Set ``free[h]``, how far a disc gets in heading h, from a scan ``float[BEAMS]``.

    What is not a number or infinite is no obstacle.  A surface nearer than the radius blocks all
    headings towards it.
    """
    free[:] = horizon
    reach = (horizon + radius) ** 2
    for i in range(BEAMS):
        r = metres[i]
        if not r * r < reach:
            continue
        half = math.asin(radius / r) / _BEAM_RAD if r > radius else 0.225 * BEAMS
        first = math.ceil((i - 0.5 * (_PER - 1) - half) / _PER)
        last = math.floor((i - 0.5 * (_PER - 1) + half) / _PER)
        for k in range(first, last + 1):
            h = k % HEADINGS
            if r <= radius:
                free[h] = 0.0
                continue
            off = (_PER * k - i) % BEAMS
            side = r * _SIN[off]
            room = radius * radius - side * side
            way = r * _COS[off] - math.sqrt(max(room, 0.0))
            if room > 0.0 and way < free[h]:
                free[h] = max(way, 0.0)


@kernel
def wrap(angle):
    """Return the angle in [-pi, pi)."""
    return (angle + math.pi) % (2 * math.pi) - math.pi


@kernel
def is_blocked(metres, x, y, goal_x, goal_y):
    """Tell whether the straight way from (x, y) to the goal meets a surface that is in sight."""
    length = math.hypot(goal_x - x, goal_y - y)
    count = int(min(length, 6.0) / 0.2)
    for k in range(1, count + 1):
        part = k * 0.2 / length
        px, py = x + part * (goal_x - x), y + part * (goal_y - y)
        beam = int((math.pi - math.atan2(py, px)) / _BEAM_RAD) % BEAMS
        if abs(metres[beam] - math.hypot(px, py)) < 0.15:
            return True
    return False


@kernel
def choose(metres, free, goal_rad, goal_m, turning, p):
    """Return the heading to take, in radians."""
    n = free.shape[0]
    step = 2 * math.pi / n
    at = int((math.pi - goal_rad) / step) % n
    if free[at] >= min(goal_m - 0.3, p.horizon - 0.01):
        return goal_rad
    gx, gy = goal_m * math.cos(goal_rad), goal_m * math.sin(goal_rad)
    best, choice = math.inf, math.nan
    for h in range(n):
        for side in (-1, 1):
            near = free[(h + side) % n]
            if free[h] - near < p.jump:
                continue
            heading = math.pi - (h + 0.5) * step
            way = min(near + p.past, free[h])
            x, y = way * math.cos(heading), way * math.sin(heading)
            cost = way + math.hypot(gx - x, gy - y)
            cost += p.turn_cost * abs(wrap(heading - p.inertia * turning))
            if cost < best and is_blocked(metres, x, y, gx, gy):
                cost += p.blocked
            if cost < best:
                best, choice = cost, heading
    if not math.isnan(choice):
        return choice
    need = min(p.horizon, goal_m)
    for h in range(n):
        heading = math.pi - (h + 0.5) * step
        cost = p.goal_weight * abs(wrap(heading - goal_rad)) / math.pi
        cost += p.turn_weight * abs(heading) / math.pi - min(free[h], need) / need
        if cost < best:
            best, choice = cost, heading
    return choice


@kernel
def decide(metres, goal_rad, goal_m, turning, p, free):
    """Return the speeds of the left and the right wheel, m/s.

    Parameters
    ----------
    metres
        The scan, ``float[BEAMS]``.
    goal_rad, goal_m
        Bearing (positive to the left) and distance of the goal.
    turning
        Present turning speed, rad/s.
    p
        An `Expert`.
    free
        ``float64[HEADINGS]``, is overwritten.
    """
    free_ways(metres, p.radius, p.horizon, free)
    heading = choose(metres, free, goal_rad, goal_m, turning, p)
    return steer(metres, free, heading, turning, p)


@kernel
def steer(metres, free, heading, turning, p):
    """Return the speeds of the wheels that take the robot to a heading."""
    n = free.shape[0]
    step = 2 * math.pi / n
    # the way ahead counts from the present heading to the chosen one
    way = math.inf
    for k in range(int(abs(heading) / step) + 1):
        at = int((math.pi - math.copysign(k * step, heading)) / step) % n
        way = min(way, free[at])
    # what is too near pushes aside
    push = 0.0
    for i in range(BEAMS):
        if metres[i] < p.keep and abs(BEARING[i]) < 0.5 * math.pi:
            push -= math.copysign(1.0 - metres[i] / p.keep, BEARING[i])
    push *= p.push * 20.0 / BEAMS
    turn = heading - turning * p.delay
    turn = min(max(p.gain * turn + push, -p.turn_limit), p.turn_limit)
    forward = WHEEL_MPS * max(math.cos(heading), 0.0) ** p.sharp * min(way / p.slow, 1.0)
    across = 0.5 * SEPARATION_M * turn
    forward = min(forward, WHEEL_MPS - abs(across))
    return forward - across, forward + across
