"""A picture of what was taken for what."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from neuroloop.bench.words.score import Score
from neuroloop.report import output


def draw(scores: Sequence[Score], path: Path) -> None:
    """Draw the sum of the confusions of scores of the same words: rows were said, columns heard."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    table = np.sum([score.confusion for score in scores], axis=0)
    words = list(scores[0].words)
    rows = len(words) + int(table[-1].any())
    share = 100.0 * table[:rows] / table[:rows].sum(1, keepdims=True).clip(min=1)
    figure = Figure(figsize=(6.4, 5.4), layout="constrained")
    FigureCanvasAgg(figure)
    axis = figure.add_subplot()
    axis.imshow(share, cmap="Blues", vmin=0, vmax=100, aspect="auto")
    for (row, column), percent in zip(
        ((r, c) for r in range(rows) for c in range(len(words) + 1)), share.flat, strict=True
    ):
        if percent >= 0.5:
            ink = "white" if percent > 50 else "#222222"
            axis.text(
                column, row, f"{percent:.0f}", ha="center", va="center", color=ink, fontsize=9
            )
    axis.set_xticks(range(len(words) + 1), [*words, "none"])
    axis.set_yticks(range(rows), [*words, "other"][:rows])
    axis.set_xlabel("heard")
    axis.set_ylabel("said (% of each)")
    output.write(path, lambda partial: figure.savefig(partial, dpi=100))
