"""The picture of a follow bench: the courses from above, and distance and bearing over time."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from neuroloop.bench.follow.score import T_S, TARGET_X_M, TARGET_Y_M, X_M, Y_M, Limits, Result
from neuroloop.core.world import World
from neuroloop.report import output

_SHOWN = 4
"""courses drawn from above; the others would hide one another"""
_ROBOT, _TARGET, _INK = "#1f6fb4", "#d1495b", "#222222"


def draw(results: Sequence[Result], limits: Limits, plant: str, path: Path) -> None:
    """Draw the first courses from above and all of them over time, and write ``path``."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 8), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(3, _SHOWN, height_ratios=[1.9, 1.0, 1.0])
    for k, result in enumerate(results[:_SHOWN]):
        _above(figure.add_subplot(grid[0, k]), result, limits)
    distance, bearing = (figure.add_subplot(grid[row, :]) for row in (1, 2))
    for result in results:
        distance.plot(result.rows[:, T_S], result.distance_m, color=_ROBOT, lw=0.7, alpha=0.5)
        bearing.plot(result.rows[:, T_S], result.bearing_deg, color=_ROBOT, lw=0.7, alpha=0.5)
    distance.axhline(limits.distance_m, color=_INK, ls="--", lw=1.0)
    distance.set_ylabel("distance (m)")
    distance.set_ylim(bottom=0.0)
    for side in (-1, 1):
        bearing.axhline(side * limits.bearing_deg, color=_INK, ls="--", lw=1.0)
    bearing.set_ylabel("bearing (degrees)")
    bearing.set_ylim(-180, 180)
    bearing.set_xlabel("run time (s)")
    good = sum(result.share(limits) >= limits.share for result in results)
    distance.set_title(
        f"{plant}: {good} of {len(results)} courses followed for {100 * limits.share:.0f} % of the"
        " time or more; dashed: the limits",
        fontsize=10,
        loc="left",
    )
    for axis in (distance, bearing):
        axis.margins(x=0)
        axis.spines[["top", "right"]].set_visible(False)
    output.write(path, lambda partial: figure.savefig(partial, dpi=110))


def _above(axis: Any, result: Result, limits: Limits) -> None:
    rows = result.rows
    _floor(axis, result.world)
    way = [*result.world.target[0].path, result.world.target[0].path[0]]
    axis.plot(*np.array(way).T, color=_TARGET, lw=0.8, ls=":")
    axis.plot(rows[:, TARGET_X_M], rows[:, TARGET_Y_M], color=_TARGET, lw=1.2, label="target")
    axis.plot(rows[:, X_M], rows[:, Y_M], color=_ROBOT, lw=1.6, label="robot")
    axis.plot(*rows[0, X_M : Y_M + 1], "o", color=_ROBOT, ms=5)
    axis.plot(*rows[0, TARGET_X_M : TARGET_Y_M + 1], "o", color=_INK, ms=6)
    for t in range(0, len(rows), 100):  # who was where at the same time
        axis.plot(
            rows[t, [X_M, TARGET_X_M]], rows[t, [Y_M, TARGET_Y_M]], color=_INK, lw=0.5, alpha=0.5
        )
    axis.set_aspect("equal")
    axis.set_xticks([])
    axis.set_yticks([])
    title = f"course {result.seed}: {100 * result.share(limits):.0f} % of the time"
    axis.set_title(title, fontsize=9, loc="left")
    axis.legend(loc="lower right", fontsize=7)


def _floor(axis: Any, world: World) -> None:
    from matplotlib.patches import Circle, Polygon

    axis.add_patch(Polygon(world.room, facecolor="#fbfaf7", edgecolor=_INK, lw=1.5))
    look: dict[str, Any] = {"facecolor": "#b9b4a8", "edgecolor": "#6b675f"}
    for polygon in world.polygon:
        axis.add_patch(Polygon(polygon.points, **look))
    for disc in world.disc:
        axis.add_patch(Circle(disc.centre, disc.radius_m, **look))
    axis.autoscale_view()
