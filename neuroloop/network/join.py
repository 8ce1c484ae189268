"""Connections between parts of populations, joined into one projection's."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from neuroloop.core.errors import ConfigError
from neuroloop.network.connections import Connections, count, is_sorted, spans, units

Part = tuple[int, int, Connections]
"""first source, first target, and what is connected between them, counted from there"""


def blocks(n_pre: int, n_post: int, parts: Iterable[Part]) -> Connections:
    """Join connections between ranges of neurons into one.

    Parameters
    ----------
    n_pre, n_post
        Units of the two ends.
    parts
        ``(first_pre, first_post, connections)``: neuron 0 of the connections is neuron
        ``first_pre`` of the source, and neuron ``first_post`` of the target.

    Returns
    -------
    Connections
        Synapses between the same two neurons stay in the order of the parts.

    Raises
    ------
    ConfigError
        Where a part reaches beyond the ends.

    Examples
    --------
    Two populations of 80 and 20 neurons, kept in one of 100:

    >>> from neuroloop.network import all_to_all, one_to_one
    >>> some = blocks(100, 100, [(0, 80, all_to_all(80, 20, 0.5)), (80, 0, one_to_one(20, -2.0))])
    >>> len(some), some.weight[[0, -1]]
    (1620, array([ 0.5, -2. ], dtype=float32))

    Delays one by one are joined in the same way, as if they were weights:
    ``blocks(n, n, [(i, j, with_weights(c, delay)) ...]).weight``.
    """
    units(n_pre, "n_pre")
    units(n_post, "n_post")
    given = [_checked(part, n_pre, n_post, k) for k, part in enumerate(parts)]
    # where parts do not overlap, rows come out sorted
    given.sort(key=lambda part: part[1])
    counts = np.zeros(n_pre, np.int64)
    for first_pre, _, wired in given:
        counts[first_pre : first_pre + wired.n_pre] += np.diff(wired.start)
    start = np.concatenate([[0], np.cumsum(counts)])
    post = np.empty(start[-1], np.uint32)
    weight = _one_weight(given, len(post))
    shared = weight is not None
    weight = np.empty(start[-1], np.float32) if weight is None else weight
    filled = start[:-1].copy()
    for first_pre, first_post, wired in given:
        _put(filled[first_pre : first_pre + wired.n_pre], wired, first_post, post)
        if not shared:
            _put(filled[first_pre : first_pre + wired.n_pre], wired, None, weight)
        filled[first_pre : first_pre + wired.n_pre] += np.diff(wired.start)
    if not is_sorted(start, post):
        _sort_rows(start, post, None if shared else weight)
    return Connections(start, post, weight)


def _put(
    at: NDArray[np.int64], wired: Connections, first_post: int | None, into: NDArray[np.generic]
) -> None:
    """Write targets, or weights where ``first_post`` is None, from the places ``at`` on."""
    own = wired.start
    for first, last in spans(own):
        here = slice(own[first], own[last])
        shift = np.repeat(at[first:last] - own[first:last], np.diff(own[first : last + 1]))
        place = shift + np.arange(here.start, here.stop)
        if first_post is None:
            into[place] = wired.weight[here]
        else:
            into[place] = wired.post[here] + np.uint32(first_post)


def _sort_rows(
    start: NDArray[np.int64], post: NDArray[np.uint32], weight: NDArray[np.float32] | None
) -> None:
    for first, last in spans(start):
        here = slice(start[first], start[last])
        row = np.repeat(np.arange(last - first), np.diff(start[first : last + 1]))
        order = np.lexsort((post[here], row))
        post[here] = post[here][order]
        if weight is not None:
            weight[here] = weight[here][order]


def _one_weight(parts: Sequence[Part], synapses: int) -> NDArray[np.float32] | None:
    """Return the weight of all, broadcast, where all parts have one and the same."""
    some = [wired for _, _, wired in parts if len(wired)]
    if not all(wired.constant for wired in some):
        return None
    values = {float(wired.weight[0]) for wired in some} or {0.0}
    return np.broadcast_to(np.float32(values.pop()), (synapses,)) if len(values) == 1 else None


def _checked(part: Part, n_pre: int, n_post: int, k: int) -> Part:
    try:
        first_pre, first_post, wired = part
    except (TypeError, ValueError) as error:
        raise ConfigError(f"part {k} is not (first_pre, first_post, connections)") from error
    if not isinstance(wired, Connections):
        raise ConfigError(f"part {k} holds no Connections but a {type(wired).__name__}")
    for name, first, n, most in (
        ("source", first_pre, wired.n_pre if len(wired) else 0, n_pre),
        ("target", first_post, wired.n_post, n_post),
    ):
        count(first, f"part {k}: its first {name}", 0)
        if first + n > most:
            raise ConfigError(
                f"part {k}: its last {name} would be neuron {first + n - 1} of {most}"
            )
    return int(first_pre), int(first_post), wired
