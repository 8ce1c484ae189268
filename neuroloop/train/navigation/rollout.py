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
    decide,
    wrap,
)
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
        first = int(math.ceil((math.pi - top) * per - 0.5 - 1e-9))
        last = int(math.floor((math.pi - top + abs(span)) * per - 0.5 + 1e-9))
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


@kernel
def episode(walls, course, rules, expert, student, state, params, seed, seen, asked):
    """Drive once; returns how it ended, decisions, metres driven and synaptic operations.

    ``seen`` is ``float32[decisions, UNITS]`` and ``asked`` ``float32[decisions, 2]``: what the
    network was told and what the expert would have done; ``student`` without neurons stands for
    the expert alone.
    """
    np.random.seed(seed)  # noqa: NPY002
    rest(state)
    metres, free = np.empty(BEAMS), np.empty(HEADINGS)
    intensity = np.zeros(seen.shape[1], np.float32)
    x, y, yaw = course.x, course.y, course.yaw
    left = right = 0.0
    wishes = np.zeros((4, 2))
    alone = rules.expert_share >= 1.0
    driven, used = 0.0, 0
    expert_drives = np.random.random() < rules.expert_share  # noqa: NPY002
    change = ACCELERATION_MPS2 * STEP_S
    for k in range(rules.decisions):
        scan(walls, x, y, yaw, metres)
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
        gx, gy = course.goal_x - x, course.goal_y - y
        goal_m, goal_rad = math.hypot(gx, gy), wrap(math.atan2(gy, gx) - yaw)
        forward, turning = 0.5 * (left + right), (right - left) / SEPARATION_M
        if not alone or rules.label:
            senses.sense(metres, goal_rad, goal_m, forward, turning, intensity)
        if np.random.random() < rules.swap:  # noqa: NPY002
            expert_drives = np.random.random() < rules.expert_share  # noqa: NPY002
        e_left = e_right = 0.0
        if rules.label or expert_drives:
            e_left, e_right = decide(metres, goal_rad, goal_m, turning, expert, free)
        if rules.label:
            seen[k] = intensity
            asked[k, 0], asked[k, 1] = e_left, e_right
        at = k % 4
        if not alone:
            wishes[at, 0], wishes[at, 1], synops = act(student, state, intensity, params)
            used += synops
        if expert_drives:
            wishes[at, 0], wishes[at, 1] = e_left, e_right
        for q in range(STEPS):
            late = course.delay_steps - q
            back = (late + STEPS - 1) // STEPS if late > 0 else 0
            wish_l = wish_r = 0.0
            if back <= k:
                wish_l, wish_r = wishes[(k - back) % 4, 0], wishes[(k - back) % 4, 1]
            wish_l = min(max(wish_l * course.left_gain, -WHEEL_MPS), WHEEL_MPS)
            wish_r = min(max(wish_r * course.right_gain, -WHEEL_MPS), WHEEL_MPS)
            left = min(max(wish_l, left - change), left + change)
            right = min(max(wish_r, right - change), right + change)
            v = 0.5 * (left + right)
            yaw += (right - left) / SEPARATION_M * STEP_S
            x += v * math.cos(yaw) * STEP_S
            y += v * math.sin(yaw) * STEP_S
            driven += abs(v) * STEP_S
            if q % 5 == 4:
                if math.hypot(course.goal_x - x, course.goal_y - y) < GOAL_M:
                    return GOAL, k + 1, driven, used
                if clearance(walls, x, y) < RADIUS_M:
                    return HIT, k + 1, driven, used
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
    tasks: Sequence[tuple[Floats, Course]],
    rules: Rules,
    seed: int,
) -> list[Drive]:
    """Drive courses among walls; the same seed gives the same drives."""
    state = resting(student)
    seen = np.zeros((rules.decisions, senses.UNITS), np.float32)
    asked = np.zeros((rules.decisions, 2), np.float32)
    drives = []
    for k, (walls, course) in enumerate(tasks):
        outcome, decisions, metres, synops = episode(
            walls, course, rules, expert, student, state, PARAMS, seed * 100_003 + k, seen, asked
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
