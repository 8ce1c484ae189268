r"""Rounding that keeps what the weights of a neuron add up to.

Each weight rounded for itself is off by up to half a step, and the errors of a neuron's many
weights add up where its sources fire together, as neighbours in a population code do: the neuron is
driven too much or too little in the mean.  Here the weights whose rounding was closest to a tie go
the other way, as few as it takes to leave the sum off by half a step at most:

.. math:: \Bigl|\sum_j (q_j - x_j)\Bigr| \le 1/2, \qquad |q_j - x_j| < 1
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroloop.chips.weights import Floats

_LEVELS = 16


def balanced(x: Floats, group: NDArray[Any]) -> Floats:
    """Return whole numbers near ``x`` whose sums over each group are nearest to those of ``x``.

    Parameters
    ----------
    x
        ``float64[k]``, in steps.  Whole numbers stay as they are.
    group
        ``[k]``: to which group each belongs, from 0 on.

    Examples
    --------
    >>> balanced(np.array([1.4, 2.4, 3.3, -1.0, 5.4]), np.array([0, 0, 0, 0, 1]))
    array([ 2.,  2.,  3., -1.,  5.])
    """
    nearest: Floats = np.rint(x)
    off = x - nearest
    lacking = np.rint(np.bincount(group, off))
    if not lacking.any():
        return nearest
    side = np.sign(lacking)[group]
    turned = _furthest(off * side, group, np.abs(lacking).astype(np.int64))
    nearest[turned] += side[turned]
    return nearest


def _furthest(off: Floats, group: NDArray[Any], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where the largest of -1/2...1/2 are, so many in each group, the first ones of equals.

    Only those near where a group is cut are sorted, as networks have millions of weights.
    """
    level = np.minimum(((0.5 - off) * _LEVELS).astype(np.int64), _LEVELS - 1)
    many = np.bincount(group * np.int64(_LEVELS) + level, minlength=len(wanted) * _LEVELS)
    up_to = np.cumsum(many.reshape(-1, _LEVELS), axis=1)
    cut = np.argmax(up_to >= wanted[:, None], axis=1)
    before = np.where(cut > 0, up_to[np.arange(len(wanted)), cut - 1], 0)
    at = cut[group]
    near = np.flatnonzero(level == at)
    near = near[np.lexsort((-off[near], group[near]))]
    own = group[near]
    rank = np.arange(len(near)) - np.searchsorted(own, own)
    return np.concatenate([np.flatnonzero(level < at), near[rank < (wanted - before)[own]]])
