"""Synapses as plain arrays, one row of targets a source neuron."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroloop.core.errors import ConfigError, MachineError

Weight = ArrayLike | Callable[[np.random.Generator, int], ArrayLike]
"""a number for all, one for each synapse in order, or a distribution such as `Normal`"""

AT_ONCE = 1 << 20
"""synapses that are worked on together: what is needed beside the result stays small"""
_MANY = 1 << 20
"""from so many synapses on they are sorted by counting"""
MOST_UNITS = (1 << 31) - 1
"""of an input or population; lists of spikes count in 32 bits"""


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

    KIND: ClassVar[str] = "static"
    WHOLE: ClassVar[bool] = False

    def __post_init__(self) -> None:
        for name, dtype in (("start", np.int64), ("post", np.uint32), ("weight", np.float32)):
            array = getattr(self, name)
            if not isinstance(array, np.ndarray) or array.dtype != dtype or array.ndim != 1:
                raise ConfigError(f"{name} is not a {np.dtype(dtype)} array of one dimension")
        if len(self.post) != len(self.weight):
            lengths = f"{len(self.post)} and {len(self.weight)}"
            raise ConfigError(f"post and weight have lengths {lengths}; they must be equal")
        if len(self.start) < 2 or self.start[0] != 0 or self.start[-1] != len(self.post):
            raise ConfigError(f"start does not run from 0 to {len(self.post)}")
        if (self.start[1:] < self.start[:-1]).any():
            raise ConfigError("start goes down; it counts the synapses of the rows before it")
        if not are_finite(self.weight[:1] if self.constant else self.weight):
            raise ConfigError("a weight is not a finite number")
        if not is_sorted(self.start, self.post):
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
    def n_post(self) -> int:
        """One more than the last target."""
        last = self.start[1:][np.diff(self.start) > 0] - 1
        return int(self.post[last].max()) + 1 if len(last) else 0

    @property
    def pre(self) -> NDArray[np.uint32]:
        """The source of each synapse, ``uint32[s]``."""
        return np.repeat(np.arange(self.n_pre, dtype=np.uint32), np.diff(self.start))


def pairs(pre: ArrayLike, post: ArrayLike, weight: Weight = 1.0, seed: int = 0) -> Connections:
    """Connect ``pre[i]`` to ``post[i]`` with ``weight[i]`` (or one weight for all).

    The result is sorted by source, then target; where a projection is given delays one by one,
    they are in its order.

    Raises
    ------
    ConfigError
        Where the arrays differ in length, hold what is no index or a non-finite weight.

    Examples
    --------
    >>> pairs([1, 0], [3, 2], [0.5, 0.25]).weight
    array([0.25, 0.5 ], dtype=float32)
    """
    source, target = _indices(pre, "pre"), _indices(post, "post")
    if source.shape != target.shape:
        raise ConfigError(f"pre has shape {source.shape} but post has shape {target.shape}")
    value = weights(weight, len(source), np.random.default_rng(seed))
    n_pre = int(source.max()) + 1 if len(source) else 1
    try:
        return by_source(source, target, value, n_pre)
    except MemoryError as error:
        raise MachineError(f"{len(source)} synapses of {n_pre} sources need more memory") from error


def by_source(
    source: NDArray[np.uint32],
    target: NDArray[np.uint32],
    value: NDArray[np.float32],
    n_pre: int,
) -> Connections:
    """Put synapses in order; those between the same two neurons keep theirs."""
    n_post = int(target.max()) + 1 if len(target) else 0
    if len(target) >= _MANY and max(n_pre, n_post) <= 4 * len(target):
        return _counted(source, target, value, (n_pre, n_post))
    place = source.astype(np.uint64)
    place <<= np.uint64(32)
    place |= target
    if (place[1:] < place[:-1]).any():
        order = np.argsort(place, kind="stable")
        place, target = place[order], target[order]
        value = value if value.strides == (0,) else value[order]
    rows = np.arange(n_pre + 1, dtype=np.uint64) << np.uint64(32)
    return Connections(np.searchsorted(place, rows).astype(np.int64), target, value)


def _counted(
    source: NDArray[np.uint32],
    target: NDArray[np.uint32],
    value: NDArray[np.float32],
    sizes: tuple[int, int],
) -> Connections:
    """Do the same by counting: Numba is loaded here, and not before."""
    from neuroloop.network.scatter import by_key

    n_pre, n_post = sizes
    weight = value[:0] if value.strides == (0,) else value
    if not is_sorted(np.array([0, len(target)]), target):
        first, source, weight = by_key(target, source, weight, n_post)
        target = np.repeat(np.arange(n_post, dtype=np.uint32), np.diff(first))
    start, target, weight = by_key(source, target, weight, n_pre)
    return Connections(start, target, weight if len(weight) else value)


def room(synapses: int) -> NDArray[np.uint32]:
    """Return room for so many targets, or say that there is none."""
    try:
        return np.empty(synapses, np.uint32)
    except (MemoryError, ValueError) as error:
        gigabytes = 4 * synapses / 1e9
        raise MachineError(f"{synapses} synapses need {gigabytes:,.1f} GB of memory") from error


def with_weights(connections: Connections, weight: Weight, seed: int = 0) -> Connections:
    """Return the same synapses with other weights.

    >>> some = pairs([0, 1], [0, 0], 1.0)
    >>> with_weights(some, [0.25, 0.5]).weight
    array([0.25, 0.5 ], dtype=float32)
    """
    value = weights(weight, len(connections), np.random.default_rng(seed))
    return Connections(connections.start, connections.post, value)


def weights(weight: Weight, synapses: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return weights as ``float32[synapses]``; one number stays one number in memory.

    Raises
    ------
    ConfigError
        Where they are no numbers, or not as many as synapses.
    """
    given = weight(rng, synapses) if callable(weight) else weight
    try:
        with np.errstate(over="ignore"):  # what is beyond float32 becomes inf, and is refused
            value: NDArray[Any] = np.asarray(given, np.float32)
    except (ValueError, TypeError, OverflowError) as error:
        raise ConfigError(f"a weight is not a number: {error}") from error
    if value.ndim and value.shape != (synapses,):
        raise ConfigError(f"{value.shape} weights for {synapses} synapses")
    if not value.ndim and not np.isfinite(value):
        raise ConfigError(f"a weight of {given} is not a finite number")
    return value if value.ndim else np.broadcast_to(value, (synapses,))


def are_finite(numbers: NDArray[np.float32]) -> bool:
    """Whether all numbers are finite."""
    parts = (numbers[at : at + AT_ONCE] for at in range(0, len(numbers), AT_ONCE))
    return all(bool(np.isfinite(part).all()) for part in parts)


def is_sorted(start: NDArray[np.int64], post: NDArray[np.uint32]) -> bool:
    """Whether targets rise within each row."""
    for first in range(1, len(post), AT_ONCE):
        part = post[first - 1 : first + AT_ONCE]
        falls = np.flatnonzero(part[1:] < part[:-1]) + first
        if not (start[np.searchsorted(start, falls)] == falls).all():
            return False
    return True


def spans(start: NDArray[np.int64], synapses: int = AT_ONCE) -> Iterator[tuple[int, int]]:
    """Cut rows into runs of about so many synapses: first row, and one past the last."""
    first = 0
    while first < len(start) - 1:
        end = int(np.searchsorted(start, start[first] + synapses, "right")) - 1
        last = min(max(end, first + 1), len(start) - 1)
        yield first, last
        first = last


def count(n: object, name: str, least: int = 1) -> int:
    """Return a whole number of units or synapses, or say what is wrong with it."""
    if not isinstance(n, int | np.integer) or isinstance(n, bool) or not least <= n:
        raise ConfigError(f"{name} is {n!r}; a whole number from {least} on is wanted")
    return int(n)


def units(n: int, name: str) -> int:
    """Return a number of units that an input or population can have."""
    if count(n, name) > MOST_UNITS:
        raise ConfigError(f"{name} is {n}; at most {MOST_UNITS} units fit")
    return int(n)


def _indices(given: ArrayLike, name: str) -> NDArray[np.uint32]:
    try:
        numbers = np.atleast_1d(np.asarray(given))
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{name} is not a list of whole numbers: {error}") from error
    if numbers.ndim != 1 or (len(numbers) and numbers.dtype.kind not in "iu"):
        raise ConfigError(f"{name} is not a list of whole numbers: {numbers.dtype}{numbers.shape}")
    if len(numbers) and not 0 <= numbers.min() <= numbers.max() < MOST_UNITS:
        raise ConfigError(
            f"{name} names neuron {numbers.min()}...{numbers.max()}, 0 is the first and"
            f" {MOST_UNITS - 1} the last there can be"
        )
    return numbers.astype(np.uint32)
