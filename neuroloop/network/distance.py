"""Connections that depend on where neurons are.

```python
near = distance_dependent(xy, xy, Gaussian(sigma=0.2), weight=0.5, seed=1, allow_self=False)
far = distances(near, xy, xy)
weaker = with_weights(near, 0.5 * np.exp(-far / 0.3))
delay_ms = in_steps(far / 0.4, step=0.1, low=0.1)  # at 0.4 units of length a millisecond
```
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroloop.core.errors import ConfigError
from neuroloop.network.connect import choices
from neuroloop.network.connections import AT_ONCE, Connections, Weight, spans, weights

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Gaussian:
    """A probability, or a weight, that falls as ``peak * exp(-d**2 / (2 * sigma**2))``."""

    sigma: float
    peak: float = 1.0

    def __post_init__(self) -> None:
        _check_length(self, self.sigma)

    def __call__(self, distance: Floats) -> Floats:
        """Return it at each distance."""
        return self.peak * np.exp(-(distance**2) / (2 * self.sigma**2))


@dataclass(frozen=True)
class Exponential:
    """A probability, or a weight, that falls as ``peak * exp(-d / length)``."""

    length: float
    peak: float = 1.0

    def __post_init__(self) -> None:
        _check_length(self, self.length)

    def __call__(self, distance: Floats) -> Floats:
        """Return it at each distance."""
        return self.peak * np.exp(-distance / self.length)


def distance_dependent(  # noqa: PLR0913
    pre_xy: ArrayLike,
    post_xy: ArrayLike,
    probability: Callable[[Floats], ArrayLike],
    weight: Weight = 1.0,
    seed: int = 0,
    *,
    box: ArrayLike | None = None,
    allow_self: bool = True,
) -> Connections:
    """Connect each pair with a probability that depends on its distance.

    Looks at every pair: some fifty million a second.

    Parameters
    ----------
    pre_xy, post_xy
        Where the neurons are, ``float[n, d]`` in any number of dimensions, in metres or any unit
        of length.
    probability
        `Gaussian`, `Exponential` or a function of ``float64[k, m]`` distances that gives a
        probability for each.
    weight
        For each synapse; `distances` and `with_weights` give one that depends on the distance.
    seed
        The same seed gives the same synapses.
    box
        Size of a periodic world, ``float[d]`` or one number: what leaves it on one side enters it
        on the other.
    allow_self
        Whether neuron i may reach neuron i; only where both ends are the same population.

    Returns
    -------
    Connections

    Raises
    ------
    ConfigError
        Where positions are no finite ``[n, d]``, or a probability is not within 0...1.

    Examples
    --------
    >>> import numpy as np
    >>> xy = np.random.default_rng(1).random((100, 2))
    >>> near = distance_dependent(xy, xy, lambda d: d < 0.1, seed=1, box=1.0, allow_self=False)
    >>> bool(distances(near, xy, xy, box=1.0).max() < 0.1)
    True
    """
    pre, post, size = _places(pre_xy, post_xy, box)
    choices(len(pre), len(post), allow_self=allow_self)
    rng = np.random.default_rng(seed)
    rows_at_once = max(AT_ONCE // 8 // len(post), 1)
    counts, posts = np.zeros(len(pre), np.int64), []
    for first in range(0, len(pre), rows_at_once):
        part = pre[first : first + rows_at_once]
        apart = (here[:, None] - there for here, there in zip(part.T, post.T, strict=True))
        distance = _lengths(apart, size)
        chance = np.asarray(probability(distance), np.float64)
        if chance.shape != distance.shape:
            raise ConfigError(f"probabilities of shape {chance.shape} for {distance.shape} pairs")
        if not ((chance >= 0) & (chance <= 1)).all():
            raise ConfigError("a probability is not within 0...1")
        if not allow_self:
            own = np.arange(len(part))
            chance[own, first + own] = 0.0
        row, target = np.nonzero(rng.random(chance.shape) < chance)
        posts.append(target.astype(np.uint32))
        counts[first : first + len(part)] = np.bincount(row, minlength=len(part))
    found = np.concatenate(posts)
    start = np.concatenate([[0], np.cumsum(counts)])
    return Connections(start, found, weights(weight, len(found), rng))


def distances(
    connections: Connections, pre_xy: ArrayLike, post_xy: ArrayLike, box: ArrayLike | None = None
) -> NDArray[np.float32]:
    """Return how long each synapse is, ``float32[s]`` in the order of the connections.

    >>> from neuroloop.network import pairs
    >>> distances(pairs([0], [1]), [[0.0, 0.0]], [[0.0, 0.0], [3.0, 4.0]])
    array([5.], dtype=float32)
    """
    pre, post, size = _places(pre_xy, post_xy, box)
    if connections.n_pre > len(pre) or connections.n_post > len(post):
        raise ConfigError(
            f"{len(pre)} and {len(post)} places; the connections are between {connections.n_pre}"
            f" and {connections.n_post} neurons"
        )
    result, start = np.empty(len(connections), np.float32), connections.start
    for first, last in spans(start):
        here = slice(start[first], start[last])
        row = np.repeat(np.arange(first, last), np.diff(start[first : last + 1]))
        result[here] = _lengths((pre[row] - post[connections.post[here]]).T, size)
    return result


def _lengths(apart: Iterable[Floats], box: Floats | None) -> Floats:
    """Return lengths from what lies between in each dimension."""
    squares: Floats | float = 0.0
    for k, gap in enumerate(apart):
        near = gap if box is None else gap - box[k] * np.rint(gap / box[k])
        squares = squares + near**2
    length: Floats = np.sqrt(squares)
    return length


def _places(
    pre_xy: ArrayLike, post_xy: ArrayLike, box: ArrayLike | None
) -> tuple[Floats, Floats, Floats | None]:
    pre, post = _checked(pre_xy, "pre_xy"), _checked(post_xy, "post_xy")
    if pre.shape[1] != post.shape[1]:
        raise ConfigError(f"pre_xy has {pre.shape[1]} dimensions but post_xy has {post.shape[1]}")
    if box is None:
        return pre, post, None
    size = np.asarray(box, np.float64)
    if size.shape not in ((), pre.shape[1:]) or not ((size > 0) & np.isfinite(size)).all():
        raise ConfigError(f"box is {box}; {pre.shape[1]} lengths above 0, or one, are wanted")
    return pre, post, np.broadcast_to(size, pre.shape[1])


def _checked(xy: ArrayLike, name: str) -> Floats:
    try:
        places = np.asarray(xy, np.float64)
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{name} is not positions, float[n, d]: {error}") from error
    if places.ndim != 2 or not places.size:
        raise ConfigError(f"{name} is not positions, float[n, d], but of shape {places.shape}")
    if not np.isfinite(places).all():
        raise ConfigError(f"{name} holds a number that is not finite")
    return places


def _check_length(of: object, length: float) -> None:
    if not 0 < length < math.inf:
        raise ConfigError(f"{of}: a length above 0 is wanted")
