"""Random synapses for the benches, made fast."""

import numpy as np

from neuroloop.core.values import Float32s
from neuroloop.network import Connections


def random(n_pre: int, n_post: int, per_source: int, seed: int = 0) -> Connections:
    """Connect each source to ``per_source`` targets spread at random over ``n_post``.

    A row has one target in each of ``per_source`` equal parts of the targets, so it is sorted and
    reaches none twice.  Weights are 1.
    """
    part = n_post // per_source
    rng = np.random.default_rng(seed)
    post = rng.integers(0, part, (n_pre, per_source), np.uint32)
    post += np.arange(per_source, dtype=np.uint32) * np.uint32(part)
    start = np.arange(n_pre + 1, dtype=np.int64) * per_source
    return Connections(start, post.reshape(-1), np.broadcast_to(np.float32(1), post.size))


def weighted(wired: Connections, weight: Float32s) -> Connections:
    """Return the same synapses with these weights."""
    return Connections(wired.start, wired.post, weight)


def small_weights(synapses: int, seed: int = 0) -> Float32s:
    """Return weights around 0, each its own, too small to make a neuron fire."""
    rng = np.random.default_rng(seed)
    return (rng.random(synapses, np.float32) - np.float32(0.5)) * np.float32(1e-4)
