"""Connectors with chance; the same seed gives the same synapses, on any machine.

Rows are drawn some million synapses at a time, so that little memory is needed beside the result.
"""

import math
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from neuroloop.core.errors import ConfigError
from neuroloop.network.connect import choices
from neuroloop.network.connections import (
    AT_ONCE,
    Connections,
    Weight,
    by_source,
    count,
    room,
    spans,
    weights,
)

Rng = np.random.Generator

_OFTEN = 0.3
"""from this probability on a look at each pair is faster than leaps from synapse to synapse"""
_LONG = 64
"""rows of so many synapses are sorted one by one"""
_MOST_PAIRS = 1 << 32
"""of which so many times a million are leapt over at a time"""


def fixed_probability(
    n_pre: int,
    n_post: int,
    probability: float,
    weight: Weight = 1.0,
    seed: int = 0,
    *,
    allow_self: bool = True,
) -> Connections:
    """Connect each pair with the same probability, independent of all others.

    >>> some = fixed_probability(100, 100, 0.1, weight=0.5, seed=1)
    >>> len(some), some.constant
    (992, True)

    Raises
    ------
    ConfigError
        Where the probability is not within 0...1 or a size is no size.
    """
    if not 0 <= probability <= 1:
        raise ConfigError(f"a probability of {probability} is not within 0...1")
    n_targets = choices(n_pre, n_post, allow_self=allow_self)
    rng = np.random.default_rng(seed)
    expected = max(probability * n_targets, n_targets / _MOST_PAIRS, 1e-3)
    rows_at_once = max(int(AT_ONCE / expected), 1)
    counts, posts = np.zeros(n_pre, np.int64), []
    for first in range(0, n_pre if n_targets else 0, rows_at_once):
        rows = min(rows_at_once, n_pre - first)
        place = _chosen(rng, rows * n_targets, probability)
        per_row = np.diff(np.searchsorted(place, np.arange(rows + 1) * n_targets))
        row = np.repeat(np.arange(rows), per_row)
        post = (place - row * n_targets).astype(np.uint32)
        posts.append(post if allow_self else _beside(post, row + first))
        counts[first : first + rows] = per_row
    return _rows(counts, np.concatenate([*posts, np.empty(0, np.uint32)]), weight, rng)


def fixed_out_degree(  # noqa: PLR0913
    n_pre: int,
    n_post: int,
    degree: int,
    weight: Weight = 1.0,
    seed: int = 0,
    *,
    replace: bool = False,
    allow_self: bool = True,
) -> Connections:
    """Connect each source to ``degree`` targets, all different unless ``replace``.

    >>> import numpy as np
    >>> np.diff(fixed_out_degree(4, 10, 3, seed=1).start)
    array([3, 3, 3, 3])

    Raises
    ------
    ConfigError
        Where there are fewer targets than ``degree``.
    """
    n_targets = choices(n_pre, n_post, allow_self=allow_self)
    rng = np.random.default_rng(seed)
    post = _draws(rng, (n_pre, n_targets, degree), replace=replace, allow_self=allow_self)
    return _rows(np.full(n_pre, degree, np.int64), post, weight, rng)


def fixed_in_degree(  # noqa: PLR0913
    n_pre: int,
    n_post: int,
    degree: int,
    weight: Weight = 1.0,
    seed: int = 0,
    *,
    replace: bool = False,
    allow_self: bool = True,
) -> Connections:
    """Connect each target from ``degree`` sources, all different unless ``replace``.

    >>> import numpy as np
    >>> np.bincount(fixed_in_degree(10, 4, 3, seed=1).post)
    array([3, 3, 3, 3])

    Raises
    ------
    ConfigError
        Where there are fewer sources than ``degree``.
    """
    n_sources = choices(n_post, n_pre, allow_self=allow_self)
    rng = np.random.default_rng(seed)
    pre = _draws(rng, (n_post, n_sources, degree), replace=replace, allow_self=allow_self)
    post = np.repeat(np.arange(n_post, dtype=np.uint32), degree)
    sorted_ = by_source(pre, post, weights(1.0, len(pre), rng), n_pre)
    return Connections(sorted_.start, sorted_.post, weights(weight, len(pre), rng))


def fixed_total(
    n_pre: int,
    n_post: int,
    total: int,
    weight: Weight = 1.0,
    seed: int = 0,
    *,
    allow_self: bool = True,
) -> Connections:
    """Draw both ends of each of ``total`` synapses, with replacement: multapses are allowed.

    This is how the cortical microcircuit is wired.

    Source: T. C. Potjans and M. Diesmann, "The cell-type specific cortical microcircuit", Cerebral
    Cortex 24, 2014.

    >>> len(fixed_total(10, 20, 55, seed=1))
    55

    Raises
    ------
    ConfigError
        Where a size is no size.
    """
    n_targets = choices(n_pre, n_post, allow_self=allow_self)
    if count(total, "total", 0) and not n_targets:
        raise ConfigError("one neuron has no other to connect to")
    rng = np.random.default_rng(seed)
    # as many for each source as drawing it for each synapse would give
    counts = rng.multinomial(total, np.full(n_pre, 1.0 / n_pre))
    start = _starts(counts)
    post = room(total)
    for first, last in spans(start):
        post[start[first] : start[last]] = rng.integers(
            0, max(n_targets, 1), start[last] - start[first], np.uint32
        )
        _sort_rows(post, start[first : last + 1])
    if not allow_self:
        _leave_out_self(post, start)
    return _rows(counts, post, weight, rng)


def _rows(
    counts: NDArray[np.int64], post: NDArray[np.uint32], weight: Weight, rng: Rng
) -> Connections:
    return Connections(_starts(counts), post, weights(weight, len(post), rng))


def _starts(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(counts)])


def _chosen(rng: Rng, n: int, probability: float) -> NDArray[np.int64]:
    """Return which of ``n`` places are chosen, each with the same probability, in order."""
    if probability == 0:
        return np.empty(0, np.int64)
    if probability >= _OFTEN:
        return np.flatnonzero(rng.random(n) < probability)
    found, at, rate = [], -1, -math.log1p(-probability)
    while at < n:
        expected = probability * (n - at)
        leaps = rng.standard_exponential(int(expected + 4 * math.sqrt(expected)) + 4)
        leaps /= rate
        # whole parts of an exponential distribution are a geometric one
        places = at + np.cumsum(np.minimum(leaps, n).astype(np.int64) + 1)
        found.append(places)
        at = int(places[-1])
    places = np.concatenate(found)
    return places[: np.searchsorted(places, n)]


def _draws(
    rng: Rng, sizes: tuple[int, int, int], *, replace: bool, allow_self: bool
) -> NDArray[np.uint32]:
    """Return for each of some rows so many of ``n`` units, in order: ``sizes`` is (rows, n, k)."""
    rows, n, k = sizes
    if count(k, "degree", 0) > n and not (replace and n):
        raise ConfigError(f"a degree of {k}, but there are {n} neurons to choose from")
    result = room(rows * k).reshape(rows, k)
    rows_at_once = max(AT_ONCE // max(k, 1 if replace else n if 2 * k > n else k, 1), 1)
    for first in range(0, rows if k else 0, rows_at_once):
        m = min(rows_at_once, rows - first)
        if replace:
            drawn = np.sort(rng.integers(0, n, (m, k), np.uint32), axis=1)
        else:
            drawn = _different(rng, m, n, k)
        own = np.repeat(np.arange(first, first + m), k)
        result[first : first + m] = (
            drawn if allow_self else _beside(drawn.ravel(), own).reshape(m, k)
        )
    return result.reshape(-1)


def _different(rng: Rng, rows: int, n: int, k: int) -> NDArray[np.uint32]:
    """Return ``uint32[rows, k]``: in each row k different units of n, in order.

    What came twice is drawn again, until nothing did.
    """
    if 2 * k > n:
        keep = np.ones((rows, n), bool)
        left_out = _different(rng, rows, n, n - k)
        keep[np.arange(rows)[:, None], left_out] = False
        return np.nonzero(keep)[1].reshape(rows, k).astype(np.uint32)
    drawn = np.sort(rng.integers(0, n, (rows, k), np.uint32), axis=1)
    left = np.arange(rows)
    while len(left):
        part = drawn[left]
        twice = np.zeros(part.shape, bool)
        twice[:, 1:] = part[:, 1:] == part[:, :-1]
        again = twice.any(axis=1)
        left, part, twice = left[again], part[again], twice[again]
        part[twice] = rng.integers(0, n, int(twice.sum()), np.uint32)
        part.sort(axis=1)
        drawn[left] = part
    return drawn


def _sort_rows(post: NDArray[np.uint32], start: NDArray[np.int64]) -> None:
    """Sort the targets of each of some rows."""
    here = slice(start[0], start[-1])
    if here.stop - here.start > _LONG * len(start):
        for first, last in pairwise(start.tolist()):
            post[first:last].sort()
        return
    place = np.repeat(np.arange(len(start) - 1, dtype=np.uint64) << np.uint64(32), np.diff(start))
    place |= post[here]
    place.sort()
    post[here] = place.astype(np.uint32)


def _leave_out_self(post: NDArray[np.uint32], start: NDArray[np.int64]) -> None:
    for first, last in spans(start):
        here = slice(start[first], start[last])
        row = np.repeat(np.arange(first, last), np.diff(start[first : last + 1]))
        post[here] = _beside(post[here], row)


def _beside(post: NDArray[np.uint32], row: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Turn places among the other neurons into neurons: one's own is left out."""
    return post + (post >= row)
