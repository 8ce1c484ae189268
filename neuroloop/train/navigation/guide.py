r"""A teacher's private knowledge: the way left to the goal from anywhere in a generated world.

In a flat of rooms nobody can tell from one scan which door is the right one.  There the expert is
told the cost to go V of each place, and takes the heading and the reach t that are best in

.. math:: t + V(x + t \cos\theta, y + t \sin\theta) + a\,|\theta|

It is used while learning only; what the network makes of it, it has to make of what it senses.
V is Dijkstra's over a grid of eight neighbours, where driving close to a surface costs more.
"""

import heapq
import math

import numpy as np

from neuroloop.core.kernel import kernel

HALF_M, CELL_M = 10.0, 0.2
CELLS = round(2 * HALF_M / CELL_M)
NO_GUIDE = np.zeros((0, 0))
"""for the expert that sees no more than the network"""
_BLOCKED_M, _ROOMY_M, _DEARER = 0.24, 0.5, 4.0
_REACHES = np.array([0.4, 0.8, 1.2, 1.6, 2.0, 2.5, 3.0])


@kernel
def clearances(walls):
    """Return the distance of the middle of each cell to the nearest wall, ``float64[x, y]``."""
    metres = np.full((CELLS, CELLS), math.inf)
    for i in range(walls.shape[0]):
        ax, ay = walls[i, 0], walls[i, 1]
        dx, dy = walls[i, 2] - ax, walls[i, 3] - ay
        per = 1.0 / (dx * dx + dy * dy)
        for j in range(CELLS):
            x = (j + 0.5) * CELL_M - HALF_M - ax
            for k in range(CELLS):
                y = (k + 0.5) * CELL_M - HALF_M - ay
                u = min(max((x * dx + y * dy) * per, 0.0), 1.0)
                away = (x - u * dx) ** 2 + (y - u * dy) ** 2
                metres[j, k] = min(metres[j, k], away)
    return np.sqrt(metres)


@kernel
def costs_to_go(clear, goal_x, goal_y):
    """Return the cost from each cell to the goal, ``float64[x, y]`` in metres; inf for no way."""
    cost = np.full((CELLS, CELLS), math.inf)
    j, k = int((goal_x + HALF_M) / CELL_M), int((goal_y + HALF_M) / CELL_M)
    cost[j, k] = 0.0
    queue = [(0.0, j, k)]
    while len(queue) > 0:
        so_far, j, k = heapq.heappop(queue)
        if so_far > cost[j, k]:
            continue
        for dj in range(-1, 2):
            for dk in range(-1, 2):
                a, b = j + dj, k + dk
                if not (0 <= a < CELLS and 0 <= b < CELLS) or clear[a, b] < _BLOCKED_M:
                    continue
                close = max(_ROOMY_M - clear[a, b], 0.0)
                more = CELL_M * math.hypot(dj, dk) * (1.0 + _DEARER * close)
                if so_far + more < cost[a, b]:
                    cost[a, b] = so_far + more
                    heapq.heappush(queue, (so_far + more, a, b))
    return cost


@kernel
def cost_at(cost, x, y):
    """Return the cost between the middles of cells (bilinear); inf next to a blocked cell."""
    u, w = (x + HALF_M) / CELL_M - 0.5, (y + HALF_M) / CELL_M - 0.5
    j, k = math.floor(u), math.floor(w)
    if j < 0 or k < 0 or j + 1 >= CELLS or k + 1 >= CELLS:
        return math.inf
    u -= j
    w -= k
    low = (1.0 - w) * cost[j, k] + w * cost[j, k + 1]
    high = (1.0 - w) * cost[j + 1, k] + w * cost[j + 1, k + 1]
    value = (1.0 - u) * low + u * high
    return math.inf if math.isnan(value) else value


@kernel
def best_heading(cost, free, x, y, yaw, turn_cost):
    """Return the heading to take, NaN for none; ``free`` is the free way in each heading."""
    n = free.shape[0]
    best, choice = math.inf, math.nan
    for h in range(n):
        heading = math.pi - (h + 0.5) * 2 * math.pi / n
        c, s = math.cos(yaw + heading), math.sin(yaw + heading)
        for t in _REACHES:
            if t > free[h]:
                break
            total = t + cost_at(cost, x + t * c, y + t * s) + turn_cost * abs(heading)
            if total < best:
                best, choice = total, heading
    return choice
