"""Connectors without chance: which neuron reaches which follows from a rule or a matrix."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroloop.core.errors import ConfigError
from neuroloop.network.connections import (
    Connections,
    Weight,
    by_source,
    count,
    room,
    units,
    weights,
)


def one_to_one(n: int, weight: Weight = 1.0, seed: int = 0) -> Connections:
    """Connect neuron i to neuron i.

    >>> one_to_one(3, 0.5).post
    array([0, 1, 2], dtype=uint32)
    """
    units(n, "n")
    value = weights(weight, n, np.random.default_rng(seed))
    return Connections(np.arange(n + 1, dtype=np.int64), np.arange(n, dtype=np.uint32), value)


def all_to_all(
    n_pre: int, n_post: int, weight: Weight = 1.0, seed: int = 0, *, allow_self: bool = True
) -> Connections:
    """Connect everything to everything.

    ``allow_self=False`` leaves out i to i, where both ends are the same population.

    >>> all_to_all(3, 3, allow_self=False).post
    array([1, 2, 0, 2, 0, 1], dtype=uint32)
    """
    n_targets = choices(n_pre, n_post, allow_self=allow_self)
    post = room(n_pre * n_targets)
    rows = post.reshape(n_pre, n_targets)
    rows[:] = np.arange(n_targets, dtype=np.uint32)
    if not allow_self:
        rows += rows >= np.arange(n_pre, dtype=np.uint32)[:, None]
    value = weights(weight, len(post), np.random.default_rng(seed))
    return Connections(np.arange(n_pre + 1, dtype=np.int64) * n_targets, post, value)


def dense(weight: ArrayLike) -> Connections:
    """Connect by a matrix ``[post, pre]``; zeros make no synapse.

    >>> len(dense([[1.0, 0.0], [0.5, 2.0]]))
    3

    Raises
    ------
    ConfigError
        Where it is no matrix of finite numbers.
    """
    try:
        with np.errstate(over="ignore"):
            matrix: NDArray[Any] = np.asarray(weight, np.float32)
    except (ValueError, TypeError, OverflowError) as error:
        raise ConfigError(f"a dense weight is a matrix [post, pre] of numbers: {error}") from error
    if matrix.ndim != 2 or not matrix.shape[1]:
        raise ConfigError(f"a dense weight is a matrix [post, pre], not of shape {matrix.shape}")
    pre, post = np.nonzero(matrix.T)
    start = np.searchsorted(pre, np.arange(matrix.shape[1] + 1)).astype(np.int64)
    return Connections(start, post.astype(np.uint32), matrix[post, pre])


def from_sparse(matrix: Any) -> Connections:
    """Connect by a SciPy sparse matrix or array ``[post, pre]`` of any format.

    Each stored element is a synapse, also where it is 0 or stored twice.

    Raises
    ------
    ConfigError
        Where it is something else; a plain matrix goes to `dense`.
    """
    if not hasattr(matrix, "tocoo"):
        raise ConfigError(f"{type(matrix).__name__} is not a sparse matrix; dense() takes others")
    stored = matrix.tocoo()
    if len(stored.shape) != 2:
        raise ConfigError(f"a sparse matrix [post, pre] is wanted, not of shape {stored.shape}")
    n_pre = units(int(stored.shape[1]), "the number of columns")
    value = weights(stored.data, len(stored.data), np.random.default_rng(0))
    return by_source(stored.col.astype(np.uint32), stored.row.astype(np.uint32), value, n_pre)


def choices(n_pre: int, n_post: int, *, allow_self: bool) -> int:
    """Return how many targets a source may have, after a look at the sizes."""
    units(n_pre, "n_pre")
    units(n_post, "n_post")
    if allow_self:
        return n_post
    if n_pre != n_post:
        raise ConfigError(
            f"allow_self=False is for a population onto itself; {n_pre} sources and {n_post}"
            " targets are two"
        )
    return count(n_post - 1, "the number of other neurons", 0)
