"""The picture of a navigation bench: every path, by how it ended."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from neuroloop.bench.navigation.course import COLLISION, SUCCESS, TIMEOUT, Result, Score
from neuroloop.config.world_file import WorldFile
from neuroloop.report import output

_LOOK: dict[str, dict[str, Any]] = {
    SUCCESS: {"color": "#2a7f9e", "lw": 0.6, "alpha": 0.45},
    TIMEOUT: {"color": "#e0a030", "lw": 1.4, "alpha": 0.95},
    COLLISION: {"color": "#d1495b", "lw": 1.4, "alpha": 0.95},
}


def draw(file: WorldFile, results: Sequence[Result], score: Score, path: Path) -> None:
    """Draw the world, the paths and where each ended, and write ``path``."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 9), layout="constrained")
    FigureCanvasAgg(figure)
    axis = figure.add_subplot()
    _floor(axis, file)
    for outcome, look in _LOOK.items():
        for result in (r for r in results if r.outcome == outcome):
            x, y = result.rows["x_m"], result.rows["y_m"]
            axis.plot(x, y, **look)
            if outcome != SUCCESS and len(x):
                axis.plot(x[-1], y[-1], "x", color=look["color"], ms=9, mew=2)
                axis.annotate(str(result.pair), (x[-1], y[-1]), fontsize=8)
        count = sum(r.outcome == outcome for r in results)
        axis.plot([], [], label=f"{outcome}: {count}", **{**look, "lw": 2, "alpha": 1.0})
    axis.legend(loc="upper left", fontsize=9)
    axis.set_title(
        f"{file.world.name}: {score.success} of {score.pairs}, "
        f"{score.mean_path_m:.1f} m in {score.mean_time_s:.1f} s on average"
    )
    output.write(path, lambda partial: figure.savefig(partial, dpi=110))


def _floor(axis: Any, file: WorldFile) -> None:
    from matplotlib.patches import Polygon

    axis.add_patch(Polygon(file.world.room, facecolor="#fbfaf7", edgecolor="#222222", lw=2))
    for polygon in file.world.polygon:
        axis.add_patch(Polygon(polygon.points, facecolor="#b9b4a8", edgecolor="#6b675f"))
    low, high = np.min(file.world.room, axis=0) - 0.3, np.max(file.world.room, axis=0) + 0.3
    axis.set_xlim(low[0], high[0])
    axis.set_ylim(low[1], high[1])
    axis.set_aspect("equal")
    axis.set_xlabel("x (m)")
    axis.set_ylabel("y (m)")
