"""What this machine can do at most: adding random rows into an array, by a plain compiled loop."""

import time

import numpy as np
from numba import njit
from workloads import PROPAGATION


def rows(seed=1):
    """Draw the propagation workload's targets, ``uint32[n_pre, k]``, each row rising and unique."""
    p = PROPAGATION
    rng = np.random.default_rng(seed)
    drawn = [rng.choice(p.n_post, p.targets, replace=False, shuffle=False) for _ in range(p.n_pre)]
    return np.sort(np.array(drawn, np.uint32), axis=1)


def spikes(ticks, seed=2):
    """Draw who fires in each tick, ``int64[ticks, spikes]``."""
    p = PROPAGATION
    rng = np.random.default_rng(seed)
    return np.stack([rng.choice(p.n_pre, p.spikes_a_tick, replace=False) for _ in range(ticks)])


@njit(nogil=True)
def _add_weighted(x, fired, target, weight):
    for k in range(fired.shape[0]):
        to, by = target[fired[k]], weight[fired[k]]
        for j in range(to.shape[0]):
            x[to[j]] += by[j]


@njit(nogil=True)
def _add_constant(x, fired, target, weight):
    for k in range(fired.shape[0]):
        to = target[fired[k]]
        for j in range(to.shape[0]):
            x[to[j]] += weight


def limits(target, ticks=400):
    """Return events a second: with a weight each, and with one weight and 16-bit targets."""
    fired = spikes(ticks)
    weight = np.full(target.shape, 0.1, np.float32)
    return {
        "weight_each": _rate(_add_weighted, fired, target, weight),
        "one_weight": _rate(_add_constant, fired, target.astype(np.uint16), np.float32(0.1)),
    }


def _rate(kernel, fired, target, weight):
    x = np.zeros(PROPAGATION.n_post, np.float32)
    seconds = []
    for tick in fired:
        since = time.perf_counter()
        kernel(x, tick, target, weight)
        seconds.append(time.perf_counter() - since)
    return PROPAGATION.spikes_a_tick * PROPAGATION.targets / np.median(seconds)
