"""The picture of a comparison: a population a row, its rate over time, its neurons' rates."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroloop.compare.comparison import Chip, Comparison
from neuroloop.compare.trains import Trains
from neuroloop.report import output, panel

_INK = "#222222"
_COLOURS = ("#d1495b", "#1f6fb4", "#2a7f4e", "#e0a030", "#7a4fa3", "#2a7f9e")
_BINS = 200


def save(found: Comparison, path: Path) -> None:
    """Draw and write ``path``."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    chips = [chip for chip in found.chips if not chip.refused]
    rows = max(len(found.reference), 1)
    figure = Figure(figsize=(12, max(1.9 * rows, 3.2) + 0.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, 2, squeeze=False, width_ratios=(3, 1))
    for (over_time, each), (name, trains) in zip(axes, found.reference.items(), strict=False):
        _over_time(over_time, found, chips, name)
        _each_neuron(each, found, chips, name)
        panel.label(over_time, f"{name}: {trains.n:,} neurons, mean rate", "Hz")
    axes[-1, 0].set_xlabel("time (s)")
    axes[-1, 1].set_xlabel("float (Hz)")
    if len(found.reference):
        panel.legend_above(axes[0, 0])
    figure.suptitle(f"{found.title}: {', '.join(['float', *(c.name for c in chips)])}", fontsize=11)
    output.write(path, lambda partial: figure.savefig(partial, dpi=110))


def _over_time(axis: Any, found: Comparison, chips: list[Chip], name: str) -> None:
    """Draw the mean rate of a population in float and on each chip."""
    seconds, rate = _rate(found.reference[name], found.dt_us)
    axis.plot(seconds, rate, color=_INK, lw=1.6, alpha=0.55, label="float")
    for k, chip in enumerate(chips):
        # the legend stands once, and each population lags by its own ticks
        late = any(one.late_ticks for one in chip.layers)
        label = chip.name + (", lateness taken out" if late else "")
        colour = _COLOURS[k % len(_COLOURS)]
        axis.plot(*_rate(chip.trains[name], found.dt_us), color=colour, lw=0.9, label=label)
    axis.set_xlim(0.0, found.seconds)
    axis.set_ylim(bottom=0.0)


def _each_neuron(axis: Any, found: Comparison, chips: list[Chip], name: str) -> None:
    """Draw each neuron's rate on a chip over that in float."""
    reference = found.reference[name].rates_hz(found.dt_us)
    most = float(reference.max(initial=1e-9))
    for k, chip in enumerate(chips):
        rates = chip.trains[name].rates_hz(found.dt_us)
        most = max(most, float(rates.max(initial=0.0)))
        axis.plot(reference, rates, ".", ms=3, alpha=0.5, color=_COLOURS[k % len(_COLOURS)])
    axis.plot((0.0, most), (0.0, most), color=_INK, lw=0.7)
    panel.label(axis, "each neuron", "chip (Hz)")


def _rate(trains: Trains, dt_us: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the ends of bins in seconds, and the mean rate of a neuron in each."""
    bins = min(_BINS, trains.ticks)
    edges = np.linspace(0, trains.ticks, bins + 1)
    counts, _ = np.histogram(trains.tick, edges, weights=trains.weight)
    return edges[1:] * dt_us * 1e-6, counts / (np.diff(edges) * dt_us * 1e-6 * trains.n)
