"""Which outputs of a convolution a spike reaches, and where the weights for them are.

A spike adds the flipped kernel around its place to every map.  With a stride s it meets every s-th
row of the kernel only, from one that depends on where it is, so the kernel is kept cut into
*phases*, in each of which the taps that belong together lie side by side.  What a place in a row
or a column reaches does not depend on the other one: two short tables hold it.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroloop.core.kernel import inline
from neuroloop.network import Convolution

HEIGHT, WIDTH, MAPS, ROWS, COLUMNS, TO_CHANNEL, TO_MAP, TO_ROW, OWN = range(9)
SHAPE_WORDS = 9
"""size of an input map; number and size of output maps; numbers from one channel's weights to the
next, from one map's and from one row's; and from the first output of a channel to that of the next,
0 where all channels reach the same maps"""
FIRST, REACHED, AT = range(3)
WAY_WORDS = 3
"""of a place: the first output it reaches, how many, and where their first weight is"""
LANES = 8
"""numbers that one instruction adds; so many lie beyond the last weight"""


@inline
def reach(unit, shape, down, across):
    """Return which outputs a unit reaches and where their weights are.

    First row, rows, first column, columns; place of the first weight in the first map, and how far
    the unit's own maps are from the first one.  ``down`` and ``across`` are `ways`.
    """
    width = shape[WIDTH]
    plane = shape[HEIGHT] * width
    channel = unit // plane
    place = unit - channel * plane
    y = WAY_WORDS * (place // width)
    x = WAY_WORDS * (place % width)
    rows, columns = down[y + REACHED], across[x + REACHED]
    at = channel * shape[TO_CHANNEL] + down[y + AT] + across[x + AT]
    return down[y + FIRST], rows, across[x + FIRST], columns, at, channel * shape[OWN]


def ways(form: Convolution) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return what each row and each column of the source reaches, ``int64[places, 3]`` each."""
    inner = form.pooled
    maps, _, *kernel = inner.weight.shape
    taps, phases = _taps(inner), _phases(inner)
    to_phase = maps * taps[0] * taps[1]
    to = ((phases[1] * to_phase, taps[1]), (to_phase, 1))
    return tuple(  # type: ignore[return-value]
        _ways(n, pool, sums, outputs, k, s, p, t, *t_to)
        for n, pool, sums, outputs, k, s, p, t, t_to in zip(
            *(form.input_shape[1:], form.windows, inner.input_shape[1:], inner.output_shape[1:]),
            *(kernel, inner.steps, inner.before, taps, to),
            strict=True,
        )
    )


def _ways(n, pool, sums, outputs, k, s, p, taps, to_phase, to_tap) -> NDArray[np.int64]:
    """Return the table of one axis: output o meets place i where 0 <= i + p - o s < k."""
    place = np.arange(n) // pool
    newest, phase = np.divmod(place + p, s)
    oldest = newest - taps + 1
    first = np.maximum(np.maximum(oldest, 0), newest - (k - 1 - phase) // s)
    reached = np.maximum(np.minimum(newest + 1, outputs) - first, 0)
    # in a stride longer than the kernel, and in what no whole window holds, nothing is met
    reached[(phase >= k) | (place >= sums)] = 0
    at = np.where(reached > 0, phase * to_phase + (first - oldest) * to_tap, 0)
    return np.stack([first, reached, at], axis=1)


def _taps(inner: Convolution) -> tuple[int, int]:
    """Return the most taps that an input meets, down and across."""
    *_, deep, wide = inner.weight.shape
    return -(-deep // inner.steps[0]), -(-wide // inner.steps[1])


def _phases(inner: Convolution) -> tuple[int, int]:
    """Return how many sets of taps there are, down and across."""
    *_, deep, wide = inner.weight.shape
    return min(inner.steps[0], deep), min(inner.steps[1], wide)


def shape(form: Convolution) -> NDArray[np.int64]:
    """Return the numbers that `reach` works with, ``int64[9]``."""
    inner = form.pooled
    (deep, wide), (downs, acrosses) = _taps(inner), _phases(inner)
    maps = inner.output_shape[0]
    to_channel = downs * acrosses * maps * deep * wide
    numbers = (*form.input_shape[1:], *inner.output_shape, to_channel, deep * wide, wide, 0)
    return np.array(numbers, np.int64)


def packed(form: Convolution, weight: NDArray[Any]) -> NDArray[Any]:
    """Return a kernel as spikes need it: flipped, the taps of a row side by side.

    ``weight`` has the shape of the form's kernel; the result is flat, of the same type:
    ``[in, down, across, out, rows, columns]`` and `LANES` numbers more, which are read and left
    out.
    """
    inner = form.pooled
    maps, channels = weight.shape[:2]
    (deep, wide), (downs, acrosses) = _taps(inner), _phases(inner)
    result = np.zeros((channels, downs, acrosses, maps, deep, wide), weight.dtype)
    for d in range(downs):
        for a in range(acrosses):
            taps = weight[:, :, d :: inner.steps[0], a :: inner.steps[1]]
            flipped = taps.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1]
            _, _, rows, columns = flipped.shape
            result[:, d, a, :, deep - rows :, wide - columns :] = flipped
    return np.concatenate([result.reshape(-1), np.zeros(LANES, weight.dtype)])
