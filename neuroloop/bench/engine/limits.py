"""The limits that the machine itself sets: memory in a row, and sums at random places.

These two are loops of their own; nothing of the engine is in them.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuroloop.core.kernel import kernel
from neuroloop.core.values import Float32s, Int64s

_REPEATS = 5
_ROW = 500
_NEAR = 1 << 16
"""synapses that stay in cache"""


@dataclass(frozen=True)
class Scatter:
    """Sums at random places; rows of a target and a weight each are read in random order."""

    targets: int
    pool_bytes: int
    """of all rows"""
    per_s: float


@dataclass(frozen=True)
class Limits:
    """On one core."""

    triad_gb_per_s: float
    """``a = b + 3 c`` over arrays out of cache, 12 bytes an element"""
    scatter: tuple[Scatter, ...]
    """the same sums with less and less in cache"""


@kernel
def _triad(a: Float32s, b: Float32s, c: Float32s) -> None:
    for i in range(a.shape[0]):
        a[i] = b[i] + np.float32(3) * c[i]


@kernel
def _scatter(x: Float32s, order: Int64s, target: NDArray[np.uint32], weight: Float32s) -> None:
    each = target.shape[0] // order.shape[0]
    for k in range(order.shape[0]):
        to = target[order[k] * each : (order[k] + 1) * each]
        by = weight[order[k] * each : (order[k] + 1) * each]
        for j in range(to.shape[0]):
            x[to[j]] += by[j]


def measure(elements: int) -> Limits:
    """Measure with arrays of ``elements`` float32."""
    a, b, c = (np.full(elements, k, np.float32) for k in range(3))
    triad = _fastest_s(lambda: _triad(a, b, c))
    places = ((10_000, _NEAR), (10_000, elements), (1_000_000, elements))
    return Limits(12e-9 * elements / triad, tuple(_of(*place, c) for place in places))


def _of(targets: int, elements: int, weight: Float32s) -> Scatter:
    rows = elements // _ROW
    rng = np.random.default_rng(0)
    order = rng.permutation(rows)
    target = np.sort(rng.integers(0, targets, (rows, _ROW), np.uint32), axis=1).reshape(-1)
    x = np.zeros(targets, np.float32)
    s = _fastest_s(lambda: _scatter(x, order, target, weight[: rows * _ROW]))
    return Scatter(targets, 8 * rows * _ROW, rows * _ROW / s)


def _fastest_s(work: Callable[[], None]) -> float:
    """Return the shortest of a few times, after one that compiles."""
    work()
    times = []
    for _ in range(_REPEATS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)
