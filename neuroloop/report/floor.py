"""The world from above, and the way the robot took through it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroloop.core.world import World
from neuroloop.report import panel


def draw(axis: Any, world: World, path: NDArray[np.float64]) -> None:
    """Draw outlines, start, goal and path (``float64[n, 4]``: seconds, x, y, yaw)."""
    from matplotlib.collections import LineCollection
    from matplotlib.patches import Circle, Polygon

    axis.add_patch(Polygon(world.room, facecolor="#fbfaf7", edgecolor="#222222", lw=2))
    for polygon in world.polygon:
        axis.add_patch(Polygon(polygon.points, facecolor="#b9b4a8", edgecolor="#6b675f"))
    for disc in world.disc:
        axis.add_patch(Circle(disc.centre, disc.radius_m, facecolor="#b9b4a8", edgecolor="#6b675f"))
    for target in world.target:
        axis.plot(*zip(*target.path, target.path[0], strict=True), ":", color="#d1495b", lw=1.0)
        axis.add_patch(Circle(target.path[0], target.radius_m, facecolor="#222222"))
    if world.goal is not None:
        axis.add_patch(Circle(world.goal, world.goal_radius_m, facecolor="#9fd8a4", alpha=0.6))
        axis.plot(*world.goal, "*", color="#1a7f37", ms=12, label="goal")
    axis.plot(*world.start[:2], "o", color="#222222", ms=8, label="start")
    if len(path) > 1:
        points = path[:, 1:3]
        pieces = np.stack([points[:-1], points[1:]], axis=1)
        lines = LineCollection(list(pieces), cmap="viridis", lw=2.5, array=path[:-1, 0])
        axis.add_collection(lines)
        axis.figure.colorbar(lines, ax=axis, label="run time (s)", shrink=0.6, pad=0.02)
        x, y, yaw = path[-1, 1:]
        axis.annotate(
            "",
            (x + 0.5 * np.cos(yaw), y + 0.5 * np.sin(yaw)),
            (x, y),
            arrowprops={"arrowstyle": "-|>", "color": "#d1495b", "lw": 2},
        )
    axis.set_aspect("equal")
    axis.autoscale_view()
    axis.margins(0.02)
    panel.legend_above(axis)
    axis.set_xlabel("x (m)")
    axis.set_ylabel("y (m)")
    axis.set_title(f"{world.name}, seen from above", fontsize=10, loc="left")
