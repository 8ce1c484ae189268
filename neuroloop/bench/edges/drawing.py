"""The picture of an edge bench: each picture, its edges by spikes, and the classical ones."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from neuroloop.bench.edges.score import Result
from neuroloop.report import output


def draw(results: Sequence[Result], tolerance: int, path: Path) -> None:
    """Draw a column a picture, and write ``path``; colours are orientations."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2.6 * len(results), 7.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(4, len(results), squeeze=False)
    for k, result in enumerate(results):
        classical = result.match(result.log_edges, tolerance)
        axes[0, k].imshow(result.grey, cmap="gray", vmin=0, vmax=255)
        axes[0, k].set_title(result.path.stem, fontsize=10)
        axes[1, k].imshow(_coloured(result), interpolation="nearest")
        axes[1, k].set_title(
            f"precision {classical.precision:.2f}, recall {classical.recall:.2f}", fontsize=8
        )
        axes[2, k].imshow(result.log_edges, cmap="gray_r", interpolation="nearest")
        axes[3, k].imshow(result.grey_edges, cmap="gray_r", interpolation="nearest")
    names = ("picture", "spikes", "Canny, logarithm", "Canny, grey")
    for row, name in zip(axes, names, strict=True):
        row[0].set_ylabel(name, fontsize=9)
        for axis in row:
            axis.set_xticks([])
            axis.set_yticks([])
    output.write(path, lambda partial: figure.savefig(partial, dpi=110))


def _coloured(result: Result) -> Any:
    from matplotlib import colormaps

    turn = result.orientation / (1 + int(result.orientation.max()))
    colour: Any = 0.85 * colormaps["hsv"](turn)[:, :, :3]
    return np.where(result.found[:, :, None], colour, 1.0)
