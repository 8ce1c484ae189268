"""How a network's driving suffers as its neurons fall silent: the lesion curve."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from neuroloop.bench.navigation.course import Score
from neuroloop.bench.navigation.score import Task, measure
from neuroloop.report import output, picture


@dataclass(frozen=True)
class Point:
    """One place on the curve."""

    silenced: float
    """part of the population, 0 to 1"""
    seed: int
    """which neurons, and the noise of the episodes"""
    score: Score


def curve(
    task: Task,
    population: str,
    parts: Sequence[float],
    seeds: Sequence[int],
    done: Callable[[Point], None],
) -> list[Point]:
    """Score the task for each silenced part and each seed."""
    points = []
    for part in parts:
        for seed in seeds:
            changes = (*task.changes, f"engine.silence.{population}={part}", f"run.seed={seed}")
            lesioned = replace(task, seed=seed, changes=changes)
            found = measure(lesioned, progress=False, plot=None, trace=None)
            points.append(Point(part, seed, found))
            done(points[-1])
    return points


def draw(points: Sequence[Point], population: str, path: Path) -> None:
    """Draw success over the silenced part: each seed a dot, their mean a line."""
    picture.check_installed()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    axis = figure.add_subplot()
    parts = sorted({p.silenced for p in points})
    means = []
    for part in parts:
        rates = [100 * p.score.success / p.score.pairs for p in points if p.silenced == part]
        means.append(sum(rates) / len(rates))
        axis.plot([100 * part] * len(rates), rates, "o", color="#2a7f9e", alpha=0.5, ms=5)
    axis.plot([100 * p for p in parts], means, color="#222222", lw=1.6)
    axis.set_xlabel(f'neurons of "{population}" that are silent (%)')
    axis.set_ylabel("goals reached (%)")
    axis.set_ylim(-3, 103)
    axis.spines[["top", "right"]].set_visible(False)
    output.write(path, lambda partial: figure.savefig(partial, dpi=110))
