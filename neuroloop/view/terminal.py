"""A scene in the terminal: pictures of half blocks, everything else of braille dots."""

import math
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from rich.color import Color
from rich.console import Group, RenderableType
from rich.style import Style
from rich.text import Text

from neuroloop.core.values import Depth, Float32s, Frame, Ranges, Scalars, Sound, UInt8s
from neuroloop.view.dots import Dots
from neuroloop.view.scene import Fired, Scene

GLOW_US = 60_000
"""how long an event is seen in a picture"""
_RASTER_ROWS, _CURVE_ROWS = 10, 5
_ON, _OFF = (60, 220, 90), (235, 60, 60)
_BARS = " ▁▂▃▄▅▆▇█"
_SHADES = " ░▒▓█"
Print = Callable[[UInt8s, int, int], Text]
"""makes text of ``uint8[h, w, 3]`` that fits so many columns and rows"""


def drawn(scene: Scene, columns: int, rows: int, *, coloured: bool) -> RenderableType:
    """Return a scene for a terminal of this size; without colours, greys of five steps."""
    parts: list[RenderableType] = [Text(scene.title, style="bold")]
    if not scene.readings and not scene.fired:
        parts.append(Text("nothing came yet", style="dim"))
    parts += _reading(scene, columns, rows, blocks if coloured else shades)
    parts += [part for f in scene.fired if f.shape is None for part in _raster(scene, f, columns)]
    parts += [Text(note, style="yellow") for note in scene.notes]
    return Group(*parts)


def _reading(scene: Scene, columns: int, rows: int, picture: Print) -> Iterator[RenderableType]:
    match scene.readings[-1] if scene.readings else None:
        case Frame() as frame:
            yield picture(events_on(frame, scene), columns, _left(rows, scene))
        case Depth() as depth:
            yield picture(_near_is_bright(depth.metres), columns, _left(rows, scene))
        case Ranges() as ranges:
            yield from _bars(ranges, scene.spec.high, columns)
        case Sound():
            yield from _wave(scene, columns)
        case Scalars():
            yield from _curves(scene, columns)


def _left(rows: int, scene: Scene) -> int:
    """Return how many rows a picture may take."""
    rasters = sum(f.shape is None for f in scene.fired)
    return max(rows - 4 - len(scene.notes) - (1 + _RASTER_ROWS) * rasters, 6)


def events_on(frame: Frame, scene: Scene) -> UInt8s:
    """Return a frame as ``uint8[h, w, 3]`` with what its encoders fired of late in it."""
    picture = np.repeat(frame.grey[:, :, None], 3, axis=2)
    for fired in scene.fired:
        if fired.shape is not None:
            picture = with_events(picture, fired, scene.now_us - GLOW_US)
    return picture


def with_events(picture: UInt8s, fired: Fired, since_us: int) -> UInt8s:
    """Return ``uint8[h, w, 3]``, darker, with green where ON and red where OFF spikes were."""
    on, off = fired.changes(since_us)
    result: UInt8s = (picture * 0.6).astype(np.uint8)
    result[on > off] = _ON
    result[(off > 0) & (off >= on)] = _OFF
    return result


def blocks(picture: UInt8s, columns: int, rows: int) -> Text:
    """Return ``uint8[h, w, 3]`` as text: a character is two pixels, one above the other."""
    small = _small(picture, columns, rows)
    text = Text()
    for upper, lower in zip(small[::2].tolist(), small[1::2].tolist(), strict=True):
        pairs = zip(map(tuple, upper), map(tuple, lower), strict=True)
        for (above, below), same in groupby(pairs):
            text.append("▀" * len(list(same)), _style(above, below))
        text.append("\n")
    return text


def shades(picture: UInt8s, columns: int, rows: int) -> Text:
    """Return ``uint8[h, w, 3]`` as text without colours; events are ``+`` and ``-``."""
    small = _small(picture, columns, rows)[::2]
    level = small.max(axis=2).astype(int) * len(_SHADES) // 256
    letters = np.array(list(_SHADES))[level]
    letters[(small == _ON).all(axis=2)] = "+"
    letters[(small == _OFF).all(axis=2)] = "-"
    return Text("\n".join("".join(row) for row in letters) + "\n")


def _small(picture: UInt8s, columns: int, rows: int) -> UInt8s:
    """Return every so many pixels of a picture, two rows for each row of characters."""
    height, width = picture.shape[:2]
    scale = max(width / columns, height / (2 * rows))
    wide, high = max(int(width / scale), 1), 2 * max(int(height / scale / 2), 1)
    chosen: UInt8s = picture[np.arange(high) * height // high][:, np.arange(wide) * width // wide]
    return chosen


@lru_cache(maxsize=4096)
def _style(above: tuple[int, int, int], below: tuple[int, int, int]) -> Style:
    return Style(color=Color.from_rgb(*above), bgcolor=Color.from_rgb(*below))


def _near_is_bright(metres: Float32s) -> UInt8s:
    seen = metres[np.isfinite(metres)]
    far = float(seen.max()) if len(seen) else 1.0
    near = 1.0 - np.nan_to_num(metres, nan=far, posinf=far) / max(far, 1e-6)
    return np.repeat((255 * near).astype(np.uint8)[:, :, None], 3, axis=2)


def _raster(scene: Scene, fired: Fired, columns: int) -> Iterator[Text]:
    """Spikes over time, the first unit lowest."""
    yield Text(f"{fired.name}: {fired.units:,} units, the last {scene.window_us / 1e6:g} s")
    dots = Dots(columns, _RASTER_ROWS)
    x = (fired.t_us - scene.start_us) * dots.width // scene.window_us
    dots.mark(x, fired.unit * dots.height // fired.units)
    yield from (Text(line) for line in dots.lines())


def _wave(scene: Scene, columns: int) -> Iterator[Text]:
    """Sound as the span of its samples in each column."""
    dots = Dots(columns, _CURVE_ROWS)
    low, high = np.full(dots.width, np.inf), np.full(dots.width, -np.inf)
    for sound in scene.readings:
        if isinstance(sound, Sound) and len(sound.samples):
            mono = sound.samples.mean(axis=1)
            t_us = sound.t_us + np.arange(len(mono)) * 1e6 / sound.rate_hz
            x = ((t_us - scene.start_us) * dots.width / scene.window_us).astype(np.intp)
            inside = (x >= 0) & (x < dots.width)
            np.minimum.at(low, x[inside], mono[inside])
            np.maximum.at(high, x[inside], mono[inside])
    there = np.flatnonzero(np.isfinite(low))
    loudest = max(float(np.abs([low[there], high[there]]).max()) if len(there) else 0.0, 1e-4)
    yield Text(f"loudest {loudest:.3g} of 1")
    dots.strokes(there, *(_level(v[there], -loudest, loudest, dots.height) for v in (low, high)))
    yield from (Text(line, style="cyan") for line in dots.lines())


def _curves(scene: Scene, columns: int) -> Iterator[Text]:
    """Numbers over time, one curve each; lowest and highest beside its name."""
    seconds = np.array([r.t_us for r in scene.readings]) - scene.start_us
    table = np.stack([r.values for r in scene.readings if isinstance(r, Scalars)])
    names = scene.spec.labels or [str(k) for k in range(table.shape[1])]
    for name, values in zip(names, table.T, strict=True):
        dots = Dots(columns, 2)
        there = np.isfinite(values)
        low, high = (
            (float(values[there].min()), float(values[there].max())) if there.any() else (0.0, 0.0)
        )
        yield Text(f"{name}: {values[-1]:.4g}   ({low:.4g} ... {high:.4g})")
        x = seconds[there] * dots.width // scene.window_us
        dots.mark(x, _level(values[there], low, high, dots.height))
        yield from (Text(line, style="cyan") for line in dots.lines())


def _bars(ranges: Ranges, far: float, columns: int) -> Iterator[Text]:
    """Distances from left to right: the nearer, the higher the bar; `?` is no measurement."""
    seen = ranges.metres[np.isfinite(ranges.metres)]
    most = far if math.isfinite(far) else float(seen.max(initial=1.0))
    nearest = f"nearest {seen.min():.2f} m" if len(seen) else "nothing within range"
    first, last = np.degrees(ranges.bearing_rad[[0, -1]])
    yield Text(f"{nearest}; from {first:.0f} to {last:.0f} degrees")
    take = np.linspace(0, len(ranges.metres) - 1, min(columns, len(ranges.metres))).astype(int)
    steps = 8 * _CURVE_ROWS
    metres = ranges.metres[take]
    near = np.nan_to_num(1 - metres / most, nan=0.0, posinf=0.0, neginf=0.0).clip(0, 1)
    level = np.ceil(near * steps).astype(int)
    for row in reversed(range(_CURVE_ROWS)):
        bars = [_BARS[min(max(n - 8 * row, 0), 8)] for n in level]
        if row == 0:
            bars = ["?" if math.isnan(m) else b for m, b in zip(metres, bars, strict=True)]
        yield Text("".join(bars), style="cyan")


def _level(values: NDArray[np.floating], low: float, high: float, steps: int) -> NDArray[np.intp]:
    span = max(high - low, 1e-12)
    return ((values - low) / span * (steps - 1)).round().clip(0, steps - 1).astype(np.intp)
