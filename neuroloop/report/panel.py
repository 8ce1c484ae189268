"""One panel of a picture over time: its labels, its legend, and the raster of a population."""

from typing import Any

from numpy.typing import NDArray

_MOST_MARKS = 60_000
_LEAST_OF_PANEL = 1 / 80
"""height of a mark in a panel of very many units, so that a lone spike is seen"""


def raster(axis: Any, name: str, seconds: NDArray[Any], unit: NDArray[Any], units: int) -> None:
    """Draw a mark for every spike of ``units`` units: ``unit[i]`` fired at ``seconds[i]``."""
    from matplotlib.ticker import MaxNLocator

    step = max(1, -(-len(unit) // _MOST_MARKS))
    half = max(0.4, units * _LEAST_OF_PANEL / 2)
    t, place = seconds[::step], unit[::step].astype(float)
    axis.vlines(t, place - half, place + half, color="#222222", lw=0.8, alpha=0.7, rasterized=True)
    axis.set_ylim(-0.5, units - 0.5)
    axis.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True, min_n_ticks=1))
    label(axis, f"{name}: {len(unit):,} spikes of {units:,} units", "unit")


def label(axis: Any, title: str, y: str) -> None:
    """Give a panel its title and the name of its upward axis."""
    axis.set_title(title, fontsize=9, loc="left", pad=3)
    axis.set_ylabel(y, fontsize=8)
    axis.tick_params(labelsize=8)
    axis.spines[["top", "right"]].set_visible(False)


def legend_above(axis: Any) -> None:
    """Put the legend on the line of the title, where it covers nothing."""
    axis.legend(
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        borderaxespad=0.1,
        fontsize=8,
        ncols=2,
        frameon=False,
    )
