"""A differential-drive disc among walls and posts: one compiled call advances it many steps.

Free motion follows the arc of the wheel speeds exactly: with forward speed v, turning speed w and
h = w dt / 2, the chord has length v dt sin(h) / h and direction yaw + h.  A disc that would enter a
surface is moved out along the normal of the nearest point, so it slides and never penetrates.
"""

import math

from neuroloop.core.kernel import kernel
from sims._drive import TOUCH_M, slew
from sims._surfaces import INVERSE, PX, PY, RADIUS, X1, X2, Y1, Y2, move_targets

X, Y, YAW, LEFT, RIGHT, WANT_LEFT, WANT_RIGHT = range(7)
FORWARD, TURN, TOUCHING, FREE, T_US, STATE = range(7, 13)
"""the plant's whole state, ``float64[STATE]``: pose, wheel speeds, wished wheel speeds, forward
speed and turning speed as they came out, contact, distance it may move unchecked, time"""

BODY_RADIUS, SEPARATION, LIMIT, CHANGE, DT, SCALE, NEARER, ROBOT = range(8)
"""``float64[ROBOT]``: metres, metres, m/s, m/s a step, seconds a step, metres on the floor
for each metre that a wheel believes to go, and metres a step that a target may come nearer"""

_PASSES = 16
_SLACK_M = 1e-9


@kernel
def advance(state, robot, walls, posts, ways, legs, steps, step_us):
    """Let ``steps`` steps pass; each begins with the targets where they are at its end."""
    state[TOUCHING] = 0.0
    for _ in range(steps):
        state[T_US] += step_us
        move_targets(posts, ways, legs, state[T_US])
        _step(state, robot, walls, posts)


@kernel
def _step(state, robot, walls, posts):
    left = slew(state[LEFT], state[WANT_LEFT], robot[LIMIT], robot[CHANGE])
    right = slew(state[RIGHT], state[WANT_RIGHT], robot[LIMIT], robot[CHANGE])
    state[LEFT] = left
    state[RIGHT] = right
    forward = robot[SCALE] * (left + right) / 2
    turn = robot[SCALE] * (right - left) / robot[SEPARATION]
    half = turn * robot[DT] / 2
    chord = forward * robot[DT] * (math.sin(half) / half if half != 0.0 else 1.0)
    toward = state[YAW] + half
    dx = chord * math.cos(toward)
    dy = chord * math.sin(toward)
    state[YAW] = _wrap(state[YAW] + 2 * half)
    state[TURN] = turn
    state[FORWARD] = forward
    closer = abs(chord) + robot[NEARER]
    if closer + TOUCH_M < state[FREE]:
        state[X] += dx
        state[Y] += dy
        state[FREE] -= closer
        return
    x, y, gap, pushed = _settle(state[X] + dx, state[Y] + dy, robot[BODY_RADIUS], walls, posts)
    if gap < -_SLACK_M:  # wedged: no place to slide to
        x, y, gap, pushed = state[X], state[Y], 0.0, True
    if pushed:
        moved = (x - state[X]) * math.cos(toward) + (y - state[Y]) * math.sin(toward)
        state[FORWARD] = moved / robot[DT]
    if gap <= TOUCH_M:
        state[TOUCHING] = 1.0
    state[X] = x
    state[Y] = y
    state[FREE] = max(gap, 0.0)


@kernel
def _settle(x, y, radius, walls, posts):
    """Move a disc out of what it overlaps; returns x, y, the gap left and whether it was moved."""
    pushed = False
    gap = 0.0
    for _ in range(_PASSES):
        distance, nx, ny = nearest(x, y, walls, posts)
        gap = distance - radius
        if gap >= -_SLACK_M:
            break
        x -= gap * nx
        y -= gap * ny
        pushed = True
    return x, y, gap, pushed


@kernel
def nearest(x, y, walls, posts):
    """Return the distance to the nearest surface and the unit normal from it to (x, y)."""
    best = math.inf
    bx = 1.0
    by = 0.0
    for i in range(walls.shape[0]):
        dx = walls[i, X2] - walls[i, X1]
        dy = walls[i, Y2] - walls[i, Y1]
        ox = x - walls[i, X1]
        oy = y - walls[i, Y1]
        along = min(max((ox * dx + oy * dy) * walls[i, INVERSE], 0.0), 1.0)
        ox -= along * dx
        oy -= along * dy
        squared = ox * ox + oy * oy
        if squared < best:
            best = squared
            bx = ox
            by = oy
    best = math.sqrt(best)
    if best > 0.0:
        bx /= best
        by /= best
    for i in range(posts.shape[0]):
        ox = x - posts[i, PX]
        oy = y - posts[i, PY]
        centre = math.sqrt(ox * ox + oy * oy)
        if centre - posts[i, RADIUS] < best and centre > 0.0:
            best = centre - posts[i, RADIUS]
            bx = ox / centre
            by = oy / centre
    return best, bx, by


@kernel
def _wrap(angle):
    """Return the angle in (-pi, pi]."""
    if -math.pi < angle <= math.pi:
        return angle
    return math.pi - (math.pi - angle) % (2 * math.pi)
