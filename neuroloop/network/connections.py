"""Synapses as plain arrays, one row of targets a source neuron."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroloop.core.errors import ConfigError


@dataclass(frozen=True, eq=False)
class Connections:
    """Rows of a compressed sparse matrix (CSR), sorted by source, then target.

    Raises
    ------
    ConfigError
        Where they are something else; `pairs` makes them from arrays in any order.
    """

    start: NDArray[np.int64]
    """``int64[n_pre + 1]``: the synapses of source i are ``start[i]`` up to ``start[i + 1]``"""
    post: NDArray[np.uint32]
    """``uint32[s]``"""
    weight: NDArray[np.float32]
    """``float32[s]``, in the unit of the target's input; one number broadcast takes no memory"""

    def __post_init__(self) -> None:
        for name, dtype in (("start", np.int64), ("post", np.uint32), ("weight", np.float32)):
            array = getattr(self, name)
            if not isinstance(array, np.ndarray) or array.dtype != dtype or array.ndim != 1:
                raise ConfigError(f"{name} is not a {np.dtype(dtype)} array of one dimension")
        if len(self.post) != len(self.weight):
            lengths = f"{len(self.post)} and {len(self.weight)}"
            raise ConfigError(f"post and weight have lengths {lengths}; they must be equal")
        if not len(self.start) or self.start[0] != 0 or self.start[-1] != len(self.post):
            raise ConfigError(f"start does not run from 0 to {len(self.post)}")
        if (np.diff(self.start) < 0).any():
            raise ConfigError("start goes down; it counts the synapses of the rows before it")
        if not np.isfinite(self.weight[:1] if self.constant else self.weight).all():
            raise ConfigError("a weight is not a finite number")
        falls = np.flatnonzero(self.post[1:] < self.post[:-1]) + 1
        if not np.isin(falls, self.start).all():
            raise ConfigError("synapses are not sorted by source, then target; pairs() sorts them")

    def __len__(self) -> int:
        return len(self.post)

    @property
    def constant(self) -> bool:
        """Whether one weight was given for all."""
        return self.weight.strides == (0,)

    @property
    def n_pre(self) -> int:
        """Number of rows."""
        return len(self.start) - 1

    @property
    def pre(self) -> NDArray[np.uint32]:
        """The source of each synapse, ``uint32[s]``."""
        return np.repeat(np.arange(self.n_pre, dtype=np.uint32), np.diff(self.start))


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
    value = weights(weight, len(source))
    place = source.astype(np.uint64) << np.uint64(32) | target
    if (place[1:] < place[:-1]).any():
        order = np.argsort(place, kind="stable")
        source, target = source[order], target[order]
        value = value if value.strides == (0,) else value[order]
    counts = np.bincount(source, minlength=1) if len(source) else np.zeros(1, np.int64)
    return Connections(np.concatenate(([0], np.cumsum(counts))), target, value)


def weights(weight: ArrayLike, synapses: int) -> NDArray[np.float32]:
    """Return weights as ``float32[synapses]``; one number stays one number in memory."""
    with np.errstate(over="ignore"):  # what is beyond float32 becomes inf, and is refused
        value: NDArray[Any] = np.asarray(weight, np.float32)
    if value.ndim and value.shape != (synapses,):
        raise ConfigError(f"{value.shape} weights for {synapses} synapses")
    return value if value.ndim else np.broadcast_to(value, (synapses,))


def _indices(units: ArrayLike, name: str) -> NDArray[np.uint32]:
    numbers = np.atleast_1d(np.asarray(units))
    if numbers.ndim != 1 or (len(numbers) and numbers.dtype.kind not in "iu"):
        raise ConfigError(f"{name} is not a list of whole numbers: {numbers.dtype}{numbers.shape}")
    if len(numbers) and not 0 <= numbers.min() <= numbers.max() < 2**32:
        raise ConfigError(f"{name} names neuron {numbers.min()}...{numbers.max()}, 0 is the first")
    return numbers.astype(np.uint32)
