"""Rate, irregularity and synchrony of spike trains."""

import numpy as np

SPIKES_FOR_CV = 5
"""fewer give no useful interval statistics"""
BIN_MS = 5.0
NEURONS_FOR_CORRELATION = 200


def rate_hz(unit, n, seconds):
    """Return the mean rate of ``n`` neurons; ``unit`` is ``int[spikes]``."""
    return len(unit) / n / seconds


def interval_cv(tick, unit):
    """Return the coefficient of variation of inter-spike intervals, mean over neurons.

    Neurons with fewer than five spikes do not count; nan where none has more.
    """
    order = np.lexsort((tick, unit))
    tick, unit = np.asarray(tick, float)[order], np.asarray(unit)[order]
    ends = np.flatnonzero(np.diff(unit)) + 1
    trains = np.split(tick, ends) if len(tick) else []
    gaps = [np.diff(train) for train in trains if len(train) >= SPIKES_FOR_CV]
    return float(np.mean([gap.std() / gap.mean() for gap in gaps])) if gaps else float("nan")


def correlation(tick, unit, n, seconds, dt_ms):
    """Return the mean correlation of pairs of neurons, spikes counted in bins of 5 ms.

    Up to 200 neurons, evenly spaced among ``n``; those that never fire are left out.
    """
    chosen = np.unique(np.linspace(0, n - 1, min(n, NEURONS_FOR_CORRELATION)).astype(int))
    place = np.full(n, -1)
    place[chosen] = np.arange(len(chosen))
    bins = int(seconds * 1000 / BIN_MS + 1e-9)
    row, column = place[unit], (np.asarray(tick) * dt_ms / BIN_MS + 1e-9).astype(int)
    inside = (row >= 0) & (column < bins)
    counts = np.zeros((len(chosen), bins))
    np.add.at(counts, (row[inside], column[inside]), 1)
    counts = counts[counts.std(axis=1) > 0]
    if len(counts) < 2:
        return float("nan")
    matrix = np.corrcoef(counts)
    return float(matrix[np.triu_indices(len(counts), 1)].mean())


def describe(tick, unit, part, seconds, dt_ms):
    """Return all three of the neurons ``part = (first, last + 1)``."""
    here = (unit >= part[0]) & (unit < part[1])
    tick, unit, n = tick[here], unit[here] - part[0], part[1] - part[0]
    return {
        "rate": rate_hz(unit, n, seconds),
        "cv": interval_cv(tick, unit),
        "correlation": correlation(tick, unit, n, seconds, dt_ms),
    }
