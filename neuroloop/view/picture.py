"""A scene as a picture: what came above, what was fired below it."""

from pathlib import Path
from typing import Any

import numpy as np

from neuroloop.core.values import Depth, Frame, Ranges, Scalars, Sound
from neuroloop.report import output, panel
from neuroloop.view.scene import Fired, Scene
from neuroloop.view.terminal import GLOW_US, events_on

_INK = "#1f6fb4"


def save(scene: Scene, path: Path) -> None:
    """Draw a scene and write ``path``."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rasters = [f for f in scene.fired if f.shape is None]
    flat = isinstance(scene.readings[-1], Frame | Depth) if scene.readings else False
    heights = ([4.5 if flat else 2.2] if scene.readings else []) + [2.6] * len(rasters)
    heights = heights or [1.0]
    figure = Figure(figsize=(8, sum(heights) + 0.6), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(len(heights), 1, height_ratios=heights)
    places = iter(range(len(heights)))
    if scene.readings:
        polar = isinstance(scene.readings[-1], Ranges)
        where = grid[next(places)]
        _reading(figure.add_subplot(where, projection="polar" if polar else None), scene)
    for fired in rasters:
        axis = figure.add_subplot(grid[next(places)])
        seconds = (fired.t_us - scene.now_us) / 1e6
        panel.raster(axis, fired.name, seconds, fired.unit, fired.units)
        _time(axis, scene)
    if not scene.readings and not rasters:
        figure.text(0.5, 0.5, "nothing came", ha="center")
    figure.suptitle("\n".join([scene.title, *scene.notes]), fontsize=9)
    output.write(path, lambda partial: figure.savefig(partial, dpi=110))


def _reading(axis: Any, scene: Scene) -> None:
    match scene.readings[-1]:
        case Frame() as frame:
            _frame(axis, frame, scene)
        case Depth() as depth:
            image = axis.imshow(depth.metres, cmap="viridis_r")
            axis.figure.colorbar(image, ax=axis, label="m")
        case Ranges() as ranges:
            axis.set_theta_zero_location("N")
            axis.plot(ranges.bearing_rad, ranges.metres, ".", color=_INK)
        case Sound():
            _sound(axis, scene)
        case Scalars():
            _scalars(axis, scene)


def _frame(axis: Any, frame: Frame, scene: Scene) -> None:
    maps = [f for f in scene.fired if f.shape is not None]
    axis.imshow(events_on(frame, scene), interpolation="nearest")
    axis.set_axis_off()
    if maps:
        axis.set_title(_counted(maps, scene), fontsize=9, loc="left")


def _counted(maps: list[Fired], scene: Scene) -> str:
    since_us = scene.now_us - GLOW_US
    on, off = (sum(int(f.changes(since_us)[k].sum()) for f in maps) for k in (0, 1))
    return f"the last {GLOW_US // 1000} ms: {on:,} ON (green), {off:,} OFF (red)"


def _sound(axis: Any, scene: Scene) -> None:
    for sound in scene.readings:
        if isinstance(sound, Sound):
            t_us = sound.t_us + np.arange(len(sound.samples)) * 1e6 / sound.rate_hz
            axis.plot((t_us - scene.now_us) / 1e6, sound.samples, lw=0.4, color=_INK)
    panel.label(axis, scene.spec.name, "sample")
    _time(axis, scene)


def _scalars(axis: Any, scene: Scene) -> None:
    kept = [r for r in scene.readings if isinstance(r, Scalars)]
    seconds = (np.array([r.t_us for r in kept]) - scene.now_us) / 1e6
    lines = axis.plot(seconds, np.stack([r.values for r in kept]), ".-", lw=0.8, ms=3)
    panel.label(axis, scene.spec.name, scene.spec.unit)
    if scene.spec.labels:
        axis.legend(lines, scene.spec.labels, fontsize=8, frameon=False)
    _time(axis, scene)


def _time(axis: Any, scene: Scene) -> None:
    axis.set_xlim(-scene.window_us / 1e6, 0.0)
    axis.set_xlabel("seconds ago", fontsize=8)
