"""The closed loop's network and its input, the same arrays for every tool."""

import numpy as np
from workloads import LOOP


def synapses(n, seed=1):
    """Return targets ``int32[n, 100]`` and weights ``float32[n, 100]``, a row a neuron."""
    rng = np.random.default_rng(seed)
    target = rng.integers(0, n, (n, LOOP.targets), dtype=np.int32)
    target.sort(axis=1)
    weight = np.full((n, LOOP.targets), LOOP.exc, np.float32)
    weight[int(n * LOOP.exc_share) :] = LOOP.inh
    return target, weight


def inputs(n, seed=2):
    """Yield ``float32[n]``, a tick at a time."""
    rng = np.random.default_rng(seed)
    while True:
        yield np.float32(2 * LOOP.drive) * rng.random(n, dtype=np.float32)
