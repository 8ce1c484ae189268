r"""Distances between spike trains, neuron by neuron.

Van Rossum: each train is filtered by a causal exponential, and the distance is the square root of

.. math:: D^2 = \frac{1}{\tau} \int_0^\infty (f - g)^2 \, dt
              = \frac{1}{2} \sum_{i,j} s_i s_j e^{-|t_i - t_j| / \tau}

over the spikes of both, :math:`s` being 1 for those of one train and -1 for those of the other,
times what a graded spike carries.  A spike more or less makes 1/2 of :math:`D^2`; one that is
shifted by :math:`\delta` makes :math:`1 - e^{-\delta/\tau}`.

Victor-Purpura: the least cost of turning one train into the other, where to add or to remove a
spike costs 1 and to shift it by :math:`\delta` costs :math:`q \delta`.

Sources: M. C. W. van Rossum, "A novel spike distance", Neural Computation 13, 2001; C. Houghton and
T. Kreuz, "On the efficient calculation of van Rossum distances", Network 23, 2012; J. D. Victor and
K. P. Purpura, "Nature and precision of temporal coding in visual cortex", J. Neurophysiology 76,
1996.
"""

import numpy as np
from numpy.typing import NDArray

from neuroloop.compare.trains import Trains
from neuroloop.core.errors import ConfigError

Floats = NDArray[np.float64]


def van_rossum(a: Trains, b: Trains, tau_ticks: float) -> Floats:
    """Return the distance of each neuron's two trains, ``float64[n]``."""
    if not 0.0 < tau_ticks < np.inf:
        raise ConfigError(
            f"the time constant of a distance is {tau_ticks:g}; more than 0 is wanted"
        )
    unit = np.concatenate((a.unit, b.unit))
    tick = np.concatenate((a.tick, b.tick)).astype(np.float64)
    sign = np.concatenate((a.weight, -b.weight)).astype(np.float64)
    order = np.lexsort((tick, unit))
    unit, tick, sign = unit[order], tick[order], sign[order]
    squared = 0.5 * np.bincount(unit, sign**2, a.n)
    # the k-th spikes of all neurons at once: what earlier ones left, decayed to the present
    starts = np.searchsorted(unit, np.arange(a.n + 1))
    length = np.diff(starts)
    left, last = np.zeros(a.n), np.zeros(a.n)
    for k in range(int(length.max(initial=0))):
        still = np.flatnonzero(length > k)
        at = starts[still] + k
        decayed = left[still] * np.exp((last[still] - tick[at]) / tau_ticks)
        squared[still] += sign[at] * decayed
        left[still], last[still] = decayed + sign[at], tick[at]
    distance: Floats = np.sqrt(np.maximum(squared, 0.0))  # rounding leaves a little below 0
    return distance


def victor_purpura(a: Trains, b: Trains, cost_per_tick: float) -> Floats:
    """Return the distance of each neuron's two trains, ``float64[n]``.

    A spike that counts several times is as many spikes; ones below 0 are refused.
    """
    if not 0.0 <= cost_per_tick < np.inf:
        raise ConfigError(f"the cost of a shift is {cost_per_tick:g}; 0 or more is wanted")
    if min(a.weight.min(initial=0), b.weight.min(initial=0)) < 0:
        raise ConfigError(
            "the distance of Victor and Purpura has no spikes below 0; take van-rossum for graded"
            " ones"
        )
    found = np.zeros(a.n)
    mine, others = _by_neuron(a), _by_neuron(b)
    for unit in range(a.n):
        found[unit] = _least_cost(mine[unit], others[unit], cost_per_tick)
    return found


def _by_neuron(trains: Trains) -> list[Floats]:
    """Return the times of each neuron's spikes, each as often as it counts."""
    order = np.lexsort((trains.tick, trains.unit))
    times = np.repeat(trains.tick[order], trains.weight[order]).astype(np.float64)
    units = np.repeat(trains.unit[order], trains.weight[order])
    return np.split(times, np.searchsorted(units, np.arange(1, trains.n)))


def _least_cost(a: Floats, b: Floats, q: float) -> float:
    """Return the cost of the cheapest way, row by row of the table of Needleman and Wunsch."""
    place = np.arange(len(b) + 1, dtype=np.float64)
    row = place.copy()
    for time in a:
        best = row + 1.0
        best[1:] = np.minimum(best[1:], row[:-1] + q * np.abs(b - time))
        # adding spikes of b from some place on costs 1 each
        row = np.minimum.accumulate(best - place) + place
    return float(row[-1])
