"""Connectors: which neuron reaches which, with what weight."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroloop.core.errors import ConfigError
from neuroloop.network.connections import Connections, pairs


def dense(weight: ArrayLike) -> Connections:
    """Connect by a matrix ``[post, pre]``; zeros make no synapse.

    >>> len(dense([[1.0, 0.0], [0.5, 2.0]]))
    3
    """
    matrix: NDArray[Any] = np.asarray(weight, np.float32)
    if matrix.ndim != 2:
        raise ConfigError(f"a dense weight is a matrix [post, pre], not of shape {matrix.shape}")
    post, pre = np.nonzero(matrix)
    return pairs(pre, post, matrix[post, pre])


def one_to_one(n: int, weight: ArrayLike = 1.0) -> Connections:
    """Connect neuron i to neuron i."""
    return pairs(np.arange(n), np.arange(n), weight)


def all_to_all(n_pre: int, n_post: int, weight: float = 1.0) -> Connections:
    """Connect everything to everything."""
    return pairs(np.repeat(np.arange(n_pre), n_post), np.tile(np.arange(n_post), n_pre), weight)


def fixed_probability(
    n_pre: int, n_post: int, probability: float, weight: float, seed: int
) -> Connections:
    """Connect each pair with the same probability; the same seed gives the same synapses."""
    if not 0 <= probability <= 1:
        raise ConfigError(f"a probability of {probability} is not within 0...1")
    rng = np.random.default_rng(seed)
    chosen = [np.flatnonzero(rng.random(n_post) < probability) for _ in range(n_pre)]
    pre = np.repeat(np.arange(n_pre), [len(c) for c in chosen])
    post = np.concatenate(chosen) if chosen else np.empty(0, np.int64)
    return pairs(pre, post, weight)
