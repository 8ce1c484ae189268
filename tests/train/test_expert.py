import math

import numpy as np
import pytest

from neuroloop.train.navigation.expert import BEAMS, BEARING, HEADINGS, Expert, decide, free_ways
from neuroloop.train.navigation.rollout import (
    GOAL,
    HIT,
    Course,
    Rules,
    Task,
    clearance,
    drive,
    scan,
)
from neuroloop.train.navigation.student import newborn

ROOM = np.array([[-5, -3, 5, -3], [5, -3, 5, 3], [5, 3, -5, 3], [-5, 3, -5, -3]], float)
ANYBODY = newborn(4, 4, 4, np.random.default_rng(0))
ALONE = Rules(decisions=300, expert_share=1.0, label=False)


def _ask(metres, goal_rad=0.0, goal_m=5.0, turning=0.0):
    return decide(metres, goal_rad, goal_m, turning, Expert(), np.empty(HEADINGS))


@pytest.mark.parametrize("seed", range(4))
def test_expert_stays_within_the_limits_of_the_wheels(seed):
    rng = np.random.default_rng(seed)
    for _ in range(200):
        metres = rng.gamma(1.0, 2.0, BEAMS)
        metres[rng.random(BEAMS) < 0.1] = rng.choice([math.nan, math.inf])
        goal = rng.uniform(-math.pi, math.pi), rng.uniform(0.01, 20.0)
        left, right = _ask(metres, *goal, rng.uniform(-4.3, 4.3))
        assert abs(left) <= 0.5 + 1e-9
        assert abs(right) <= 0.5 + 1e-9


def test_expert_drives_straight_on_where_all_is_free():
    assert _ask(np.full(BEAMS, math.inf)) == pytest.approx((0.5, 0.5))


@pytest.mark.parametrize("side", [-1, 1])
def test_expert_turns_to_the_goal(side):
    left, right = _ask(np.full(BEAMS, math.inf), side * 1.0)
    assert side * (right - left) > 0.1


def test_free_way_ends_a_radius_before_a_wall():
    metres, free = np.empty(BEAMS), np.empty(HEADINGS)
    scan(ROOM, 0.0, 0.0, 0.0, metres)
    free_ways(metres, 0.25, 10.0, free)
    assert free[HEADINGS // 2] == pytest.approx(5.0 - 0.25, abs=0.01)
    assert free[HEADINGS // 4] == pytest.approx(3.0 - 0.25, abs=0.01)


def test_expert_stops_before_a_wall():
    beyond = Course(0.0, 0.0, 0.0, 9.0, 0.0, noise_m=0.0)
    (end,) = drive(ANYBODY, Expert(), [Task("", ROOM, beyond)], ALONE, 0)
    assert end.outcome not in (GOAL, HIT)


def test_expert_goes_round_what_is_in_the_way():
    block = np.array([[1, -1, 2, -1], [2, -1, 2, 1], [2, 1, 1, 1], [1, 1, 1, -1]], float)
    course = Course(-3.0, 0.1, 0.0, 4.0, 0.0)
    (end,) = drive(ANYBODY, Expert(), [Task("", np.vstack((ROOM, block)), course)], ALONE, 0)
    assert end.outcome == GOAL


def test_scan_is_that_of_rays_shot_one_by_one():
    rng = np.random.default_rng(0)
    walls = np.vstack((ROOM, rng.uniform(-2, 2, (6, 4))))
    x, y, yaw = 2.5, 1.0, 0.7
    metres = np.empty(BEAMS)
    scan(walls, x, y, yaw, metres)
    for k in range(0, BEAMS, 7):
        c, s = math.cos(yaw + BEARING[k]), math.sin(yaw + BEARING[k])
        nearest = math.inf
        for x1, y1, x2, y2 in walls:
            a = np.array([[c, x1 - x2], [s, y1 - y2]])
            t, u = np.linalg.solve(a, [x1 - x, y1 - y])
            if t >= 0 and 0 <= u <= 1:
                nearest = min(nearest, t)
        assert metres[k] == pytest.approx(nearest)


def test_clearance_is_the_distance_to_the_nearest_wall():
    assert clearance(ROOM, 4.0, 1.0) == pytest.approx(1.0)
