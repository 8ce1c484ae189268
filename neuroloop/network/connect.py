"""Which neuron reaches which, with what weight: connectors return plain arrays."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroloop.core.errors import ConfigError


@dataclass(frozen=True, eq=False)
class Connections:
    """Synapses as three arrays of the same length, sorted by source, then target.

    Raises
    ------
    ConfigError
        Where they are something else; `pairs` makes them from arrays in any order.
    """

    pre: NDArray[np.uint32]
    """``uint32[s]``"""
    post: NDArray[np.uint32]
    """``uint32[s]``"""
    weight: NDArray[np.float32]
    """``float32[s]``, in the unit of the target's input"""

    def __post_init__(self) -> None:
        for name, dtype in (("pre", np.uint32), ("post", np.uint32), ("weight", np.float32)):
            array = getattr(self, name)
            if not isinstance(array, np.ndarray) or array.dtype != dtype or array.ndim != 1:
                raise ConfigError(f"{name} is not a {np.dtype(dtype)} array of one dimension")
        if not len(self.pre) == len(self.post) == len(self.weight):
            lengths = f"{len(self.pre)}, {len(self.post)} and {len(self.weight)}"
            raise ConfigError(f"pre, post and weight have lengths {lengths}; they must be equal")
        if not np.isfinite(self.weight).all():
            raise ConfigError("a weight is not a finite number")
        place = self.pre.astype(np.uint64) << np.uint64(32) | self.post
        if (place[1:] < place[:-1]).any():
            raise ConfigError("synapses are not sorted by source, then target; pairs() sorts them")

    def __len__(self) -> int:
        return len(self.pre)


def pairs(pre: ArrayLike, post: ArrayLike, weight: ArrayLike) -> Connections:
    """Connect ``pre[i]`` to ``post[i]`` with ``weight[i]`` (or one weight for all).

    The result is sorted; where a projection is given delays one by one, they are in its order.

    Raises
    ------
    ConfigError
        Where the arrays differ in length, hold what is no index or a non-finite weight.
    """
    source, target = _indices(pre, "pre"), _indices(post, "post")
    if source.shape != target.shape:
        raise ConfigError(f"pre has shape {source.shape} but post has shape {target.shape}")
    with np.errstate(over="ignore"):  # what is beyond float32 becomes inf, and is refused
        value = np.asarray(weight, np.float32)
    if value.ndim and value.shape != source.shape:
        raise ConfigError(f"{value.shape} weights for {len(source)} synapses")
    order = np.lexsort((target, source))
    return Connections(source[order], target[order], np.broadcast_to(value, source.shape)[order])


def _indices(units: ArrayLike, name: str) -> NDArray[np.uint32]:
    numbers = np.atleast_1d(np.asarray(units))
    if numbers.ndim != 1 or (len(numbers) and numbers.dtype.kind not in "iu"):
        raise ConfigError(f"{name} is not a list of whole numbers: {numbers.dtype}{numbers.shape}")
    if len(numbers) and not 0 <= numbers.min() <= numbers.max() < 2**32:
        raise ConfigError(f"{name} names neuron {numbers.min()}...{numbers.max()}, 0 is the first")
    return numbers.astype(np.uint32)


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
