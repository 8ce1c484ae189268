"""The picture of a run: where it went, what came in, what fired, what the wheels were told."""

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neuroloop.core.errors import MachineError
from neuroloop.core.values import Float32s
from neuroloop.core.world import World
from neuroloop.engine.op import Units
from neuroloop.report import floor, output, panel
from neuroloop.report.summary import Summary
from neuroloop.report.trace import Trace

_LEFT, _RIGHT, _INK = "#1f6fb4", "#d1495b", "#222222"


def _height(panels: int) -> float:
    """Return the height of a panel in inches: less where there are many."""
    return 1.5 if panels <= 6 else max(0.85, 9.0 / panels)


def check_installed() -> None:
    """Refuse a picture, before the run, where there is nothing to draw it with."""
    if importlib.util.find_spec("matplotlib") is None:
        raise MachineError("a picture needs matplotlib: pip install matplotlib")


@dataclass(frozen=True)
class Drawing:
    """Everything one picture shows."""

    summary: Summary
    trace: Trace
    world: World | None
    bearings: Mapping[str, Float32s]

    def save(self, path: Path) -> None:
        """Draw and write ``path``."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        spikes = self.trace.spikes()
        units = [o for o in self.trace.outlets if isinstance(o, Units) and o.name in spikes]
        seen = [u for u in units if u.name in self.bearings]
        fired = [u for u in units if u.name not in self.bearings]
        motions = self.trace.motions()
        panels = len(seen) + 2 * len(motions) + len(fired)
        wide = 14 if self.world else 10
        figure = Figure(figsize=(wide, max(_height(panels) * panels, 6.0)), layout="constrained")
        FigureCanvasAgg(figure)
        columns = 2 if self.world else 1
        # a run in which nothing fired and nothing moves still has a picture
        grid = figure.add_gridspec(max(panels, 1), columns, width_ratios=[1.0, 1.1][:columns])
        if self.world:
            floor.draw(figure.add_subplot(grid[:, 0]), self.world, self.trace.path())
        axes = [figure.add_subplot(grid[k, columns - 1]) for k in range(max(panels, 1))]
        for axis in axes[1:]:
            axis.sharex(axes[0])
        free = iter(axes)
        for u in seen:
            bearing = self.bearings[u.name]
            _bearing_map(next(free), u, *spikes[u.name], bearing, self.summary.seconds)
        for name, motion in motions.items():
            which = f"{name}: " if len(motions) > 1 else ""
            _turn(next(free), which, *motion)
            _wheels(next(free), which, *motion)
        for u in fired:
            panel.raster(next(free), u.name, *spikes[u.name], u.n)
        for axis in axes[:-1]:
            axis.tick_params(labelbottom=False)
        axes[0].set_xlim(0.0, max(self.summary.seconds, 1e-3))
        axes[-1].set_xlabel("run time (s)")
        figure.suptitle(self.summary.text().split("\n")[0] + ": " + self._line(), fontsize=12)
        output.write(path, lambda partial: figure.savefig(partial, dpi=110))

    def _line(self) -> str:
        path = f", {self.summary.path_m:.1f} m" if self.summary.path_m is not None else ""
        return f"{self.summary.ended} after {self.summary.seconds:.1f} s{path}"


def _bearing_map(
    axis: Any, units: Units, t: Float32s, unit: Any, bearing: Float32s, seconds: float
) -> None:
    """Draw how much each direction fired over time; left is up."""
    degrees = np.degrees(bearing)
    half = float(np.abs(degrees).max()) * 1.05
    rows = min(len(np.unique(degrees)), 48)
    counts, _, _ = np.histogram2d(
        degrees[unit], t, bins=(rows, 240), range=((-half, half), (0.0, max(seconds, 1e-3)))
    )
    extent = (0.0, max(seconds, 1e-3), -half, half)
    axis.imshow(counts, origin="lower", aspect="auto", extent=extent, cmap="magma_r")
    axis.axhline(0.0, color="white", lw=0.6)
    panel.label(axis, f"{units.name}: spikes by bearing", "deg, left is up")


def _turn(axis: Any, which: str, t: Float32s, motion: Float32s) -> None:
    turn = motion[:, -1] - motion[:, 0]
    axis.fill_between(t, turn, 0.0, where=turn > 0, color=_LEFT, lw=0, label="turns left")
    axis.fill_between(t, turn, 0.0, where=turn <= 0, color=_RIGHT, lw=0, label="turns right")
    axis.axhline(0.0, color=_INK, lw=0.6)
    panel.legend_above(axis)
    panel.label(axis, f"{which}command: turn, right wheel less left", "m/s, left is up")


def _wheels(axis: Any, which: str, t: Float32s, motion: Float32s) -> None:
    axis.plot(t, motion[:, 0], color=_LEFT, lw=0.8, label="left wheel")
    axis.plot(t, motion[:, -1], color=_RIGHT, lw=0.8, label="right wheel")
    axis.axhline(0.0, color=_INK, lw=0.6)
    panel.legend_above(axis)
    panel.label(axis, f"{which}command: wheels", "m/s")
