"""A fast kinematic world to learn in: walls, a disc on two wheels, 720 beams, one compiled call.

It stands in for the loop, where a plant, sensors and encoders do the same with more care.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuroloop.core.kernel import kernel
from neuroloop.train.navigation import senses
from neuroloop.train.navigation.expert import (
    BEAMS,
    BEARING,
    HEADINGS,
    SEPARATION_M,
    WHEEL_MPS,
    Expert,
    choose,
    free_ways,
    steer,
    wrap,
)
from neuroloop.train.navigation.guide import NO_GUIDE, best_heading
from neuroloop.train.navigation.student import PARAMS, Student, act, rest, resting

MIN_M, MAX_M = 0.15, 30.0
NOISE_M = 0.01
RADIUS_M = 0.18
GOAL_M = 0.5
ACCELERATION_MPS2 = 2.0
STEP_S = 0.01
STEPS = 10
"""steps of the wheels a decision"""
GOAL, HIT, LATE = 1, 2, 3
"""how an episode ends"""

_COS, _SIN = np.cos(BEARING), np.sin(BEARING)

Floats = NDArray[np.float64]


class Course(NamedTuple):
    """Start, goal and what is imperfect in one episode."""

    x: float
    y: float
    yaw: float
    goal_x: float
    goal_y: float
    noise_m: float = NOISE_M
    dropout: float = 0.0
    """probability that a beam measures nothing"""
    delay_steps: int = STEPS
    """from a reading to the motion it asks for, in steps of 10 ms; at most 30"""
    left_gain: float = 1.0
    right_gain: float = 1.0


class Task(NamedTuple):
    """One drive."""

    kind: str
    """of the world"""
    walls: Floats
    """``float64[k, 4]``: x1, y1, x2, y2"""
    course: Course
    cost: Floats = NO_GUIDE
    """what the expert is told of the way to the goal, the cost to go"""


class Rules(NamedTuple):
    """Who drives, and for how long."""

    decisions: int = 1000
    expert_share: float = 0.0
    """part of the time that the expert drives"""
    swap: float = 0.1
    """probability of choosing the driver anew at a decision"""
    label: bool = True
    """whether the expert is asked in each state"""


@kernel
def scan(walls, x, y, yaw, metres):
    """Set ``metres``, the distance to the nearest of the walls ``float64[k, 4]`` on each beam."""
    n = metres.shape[0]
    c, s = math.cos(yaw), math.sin(yaw)
    metres[:] = math.inf
    per = n / (2 * math.pi)
    for i in range(walls.shape[0]):
        ax, ay = walls[i, 0] - x, walls[i, 1] - y
        bx, by = walls[i, 2] - x, walls[i, 3] - y
        x1, y1 = c * ax + s * ay, c * ay - s * ax
        x2, y2 = c * bx + s * by, c * by - s * bx
        dx, dy = x2 - x1, y2 - y1
        across = x1 * dy - y1 * dx
        a1 = math.atan2(y1, x1)
        span = math.atan2(x1 * y2 - y1 * x2, x1 * x2 + y1 * y2)
        top = max(a1, a1 + span)
        first = math.ceil((math.pi - top) * per - 0.5 - 1e-9)
        last = math.floor((math.pi - top + abs(span)) * per - 0.5 + 1e-9)
        for k in range(first, last + 1):
            b = k % n
            turn = _COS[b] * dy - _SIN[b] * dx
            if turn != 0.0:
                t = across / turn
                if 0.0 <= t < metres[b]:
                    metres[b] = t


@kernel
def clearance(walls, x, y):
    """Return the distance to the nearest wall."""
    best = math.inf
    for i in range(walls.shape[0]):
        ax, ay = walls[i, 0], walls[i, 1]
        dx, dy = walls[i, 2] - ax, walls[i, 3] - ay
        u = ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)
        u = min(max(u, 0.0), 1.0)
        px, py = x - ax - u * dx, y - ay - u * dy
        best = min(best, px * px + py * py)
    return math.sqrt(best)


X, Y, YAW, LEFT, RIGHT = range(5)
"""of a body ``float64[5]``: metres, radians, and the speeds of the wheels in m/s"""


@kernel
def measure(walls, body, course, metres):
    """Set ``metres`` to what the lidar says: noisy, NaN below its range or without an echo."""
    scan(walls, body[X], body[Y], body[YAW], metres)
    for b in range(BEAMS):
        metres[b] += course.noise_m * np.random.normal()  # noqa: NPY002
        if metres[b] > MAX_M:
            metres[b] = math.inf
        elif metres[b] < MIN_M:
            metres[b] = math.nan
    if course.dropout > 0.0:
        for b in range(BEAMS):
            if np.random.random() < course.dropout:  # noqa: NPY002
                metres[b] = math.nan


@kernel
def teach(metres, goal_rad, goal_m, body, expert, cost, free):
    """Return the expert's wheel speeds; where a cost to go is given, it is guided by that."""
    turning = (body[RIGHT] - body[LEFT]) / SEPARATION_M
    free_ways(metres, expert.radius, expert.horizon, free)
    heading = math.nan
    at = int((math.pi - goal_rad) / (2 * math.pi) * HEADINGS) % HEADINGS
    if cost.shape[0] > 0 and free[at] < goal_m - GOAL_M:
        heading = best_heading(cost, free, body[X], body[Y], body[YAW], expert.guided_turn_cost)
    if math.isnan(heading):
        heading = choose(metres, free, goal_rad, goal_m, turning, expert)
    return steer(metres, free, heading, turning, expert)


@kernel
def move(body, wish_left, wish_right):
    """Roll for one step towards the speeds that are asked for."""
    change = ACCELERATION_MPS2 * STEP_S
    left = min(max(wish_left, -WHEEL_MPS), WHEEL_MPS)
    right = min(max(wish_right, -WHEEL_MPS), WHEEL_MPS)
    body[LEFT] = min(max(left, body[LEFT] - change), body[LEFT] + change)
    body[RIGHT] = min(max(right, body[RIGHT] - change), body[RIGHT] + change)
    body[YAW] += (body[RIGHT] - body[LEFT]) / SEPARATION_M * STEP_S
    way = 0.5 * (body[LEFT] + body[RIGHT]) * STEP_S
    body[X] += way * math.cos(body[YAW])
    body[Y] += way * math.sin(body[YAW])
    return abs(way)


@kernel
def follow(walls, body, course, wishes, k):
    """Roll until decision k + 1; returns how the episode ended, 0 for not yet, and the way made.

    Row i of ``wishes`` is the wheel speeds of decision i, modulo the number of rows.
    """
    driven = 0.0
    for q in range(STEPS):
        late = course.delay_steps - q
        at = k - ((late + STEPS - 1) // STEPS if late > 0 else 0)
        left = right = 0.0
        if at >= 0:
            left, right = wishes[at % len(wishes), 0], wishes[at % len(wishes), 1]
        driven += move(body, left * course.left_gain, right * course.right_gain)
        if q % 5 == 4:
            if math.hypot(course.goal_x - body[X], course.goal_y - body[Y]) < GOAL_M:
                return GOAL, driven
            if clearance(walls, body[X], body[Y]) < RADIUS_M:
                return HIT, driven
    return 0, driven


@kernel
def episode(walls, course, rules, expert, cost, student, state, params, seed, seen, asked):
    """Drive once; returns how it ended, decisions, metres driven and synaptic operations.

    ``seen`` is ``float32[decisions, UNITS]`` and ``asked`` ``float32[decisions, 2]``: what the
    network was told and what the expert would have done.
    """
    np.random.seed(seed)  # noqa: NPY002
    rest(state)
    metres, free = np.empty(BEAMS), np.empty(HEADINGS)
    intensity = np.zeros(seen.shape[1], np.float32)
    body = np.array([course.x, course.y, course.yaw, 0.0, 0.0])
    wishes = np.zeros((4, 2))
    driven, used = 0.0, 0
    expert_drives = np.random.random() < rules.expert_share  # noqa: NPY002
    for k in range(rules.decisions):
        measure(walls, body, course, metres)
        gx, gy = course.goal_x - body[X], course.goal_y - body[Y]
        goal_m, goal_rad = math.hypot(gx, gy), wrap(math.atan2(gy, gx) - body[YAW])
        forward, turning = 0.5 * (body[LEFT] + body[RIGHT]), body[RIGHT] - body[LEFT]
        senses.sense(metres, goal_rad, goal_m, forward, turning / SEPARATION_M, intensity)
        wish = wishes[k % len(wishes)]
        wish[0], wish[1], synops = act(student, state, intensity, params)
        used += synops
        if np.random.random() < rules.swap:  # noqa: NPY002
            expert_drives = np.random.random() < rules.expert_share  # noqa: NPY002
        if rules.label or expert_drives:
            left, right = teach(metres, goal_rad, goal_m, body, expert, cost, free)
            seen[k] = intensity
            asked[k, 0], asked[k, 1] = left, right
            if expert_drives:
                wish[0], wish[1] = left, right
        end, way = follow(walls, body, course, wishes, k)
        driven += way
        if end:
            return end, k + 1, driven, used
    return LATE, rules.decisions, driven, used


class Drive(NamedTuple):
    """What became of one episode."""

    outcome: int
    decisions: int
    metres: float
    synops: int
    seen: NDArray[np.float16]
    """intensities, ``float16[decisions, UNITS]``; empty where the expert was not asked"""
    asked: NDArray[np.float16]
    """what the expert would have done, ``float16[decisions, 2]``, m/s"""


def drive(
    student: Student,
    expert: Expert,
    tasks: Sequence[Task],
    rules: Rules,
    seed: int,
) -> list[Drive]:
    """Do the tasks one after the other; the same seed gives the same drives."""
    state = resting(student)
    seen = np.zeros((rules.decisions, senses.UNITS), np.float32)
    asked = np.zeros((rules.decisions, 2), np.float32)
    drives = []
    for k, task in enumerate(tasks):
        outcome, decisions, metres, synops = episode(
            task.walls,
            task.course,
            rules,
            expert,
            task.cost,
            student,
            state,
            PARAMS,
            seed * 100_003 + k,
            seen,
            asked,
        )
        kept = decisions if rules.label else 0
        drives.append(
            Drive(
                outcome,
                decisions,
                metres,
                synops,
                seen[:kept].astype(np.float16),
                asked[:kept].astype(np.float16),
            )
        )
    return drives
