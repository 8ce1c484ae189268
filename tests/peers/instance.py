"""One drawn network as plain arrays, so that two tools can run the very same one.

``pre``, ``post`` (``int32[s]``, sorted), ``v`` (``float32[n]``, mV), and for the microcircuit
``weight`` (pA) and ``delay`` (ms), both ``[s]``, delays whole ticks.
"""

import microcircuit
import numpy as np
from workloads import BRUNEL, COBA, CUBA, STDP


def draw(workload, seed, scale=0.1):
    """Return the arrays of a workload's network."""
    rng = np.random.default_rng(seed)
    if workload in ("cuba", "coba"):
        return _balanced(CUBA if workload == "cuba" else COBA, rng)
    if workload in ("brunel", "stdp"):
        return _fixed_in_degree(BRUNEL if workload == "brunel" else STDP, rng)
    return _microcircuit(microcircuit.scaled(scale), rng)


def _balanced(p, rng):
    pre, post = np.nonzero(rng.random((p.n, p.n)) < p.probability)
    v = rng.uniform(p.v_reset_mv, p.v_threshold_mv, p.n)
    return {"pre": pre.astype(np.int32), "post": post.astype(np.int32), "v": np.float32(v)}


def _fixed_in_degree(p, rng):
    exc = _different(rng, p.n, p.n_exc, p.in_exc)
    inh = p.n_exc + _different(rng, p.n, p.n_inh, p.in_inh)
    pre = np.concatenate([exc.ravel(), inh.ravel()])
    post = np.concatenate(
        [np.repeat(np.arange(p.n, dtype=np.int32), d.shape[1]) for d in (exc, inh)]
    )
    order = np.argsort(pre.astype(np.int64) * p.n + post)
    return {"pre": pre[order], "post": post[order], "v": np.zeros(p.n, np.float32)}


def _different(rng, rows, n, k):
    """Draw ``k`` different numbers below ``n`` for each row, ``int32[rows, k]``."""
    drawn = [rng.choice(n, k, replace=False, shuffle=False) for _ in range(rows)]
    return np.array(drawn, np.int32)


def _microcircuit(c, rng):
    pre, post, weight, delay = [], [], [], []
    for target, source in c.projections():
        k = int(c.synapses[target, source])
        mean = microcircuit.DELAY_MS[source % 2]
        w = c.weight_pa[target, source]
        pre.append(rng.integers(c.first[source], c.first[source + 1], k))
        post.append(rng.integers(c.first[target], c.first[target + 1], k))
        weight.append(w * np.maximum(rng.normal(1, microcircuit.WEIGHT_SD, k), 0))
        delay.append(truncated(rng, mean, mean * microcircuit.DELAY_SD, k))
    pre, post = np.concatenate(pre).astype(np.int32), np.concatenate(post).astype(np.int32)
    order = np.argsort(pre.astype(np.int64) * c.n + post, kind="stable")
    return {
        "pre": pre[order],
        "post": post[order],
        "weight": np.concatenate(weight)[order].astype(np.float32),
        "delay": np.concatenate(delay)[order].astype(np.float32),
        "v": voltages(c, rng),
    }


def truncated(rng, mean, sd, k):
    """Draw delays in ms: normal, drawn again below half a tick, rounded to whole ticks."""
    value = rng.normal(mean, sd, k)
    half = microcircuit.DT_MS / 2
    while (low := np.flatnonzero(value < half)).size:
        value[low] = rng.normal(mean, sd, low.size)
    return np.maximum(np.round(value / microcircuit.DT_MS), 1) * microcircuit.DT_MS


def voltages(c, rng):
    """Draw the first voltages of the microcircuit, ``float32[n]``."""
    mean, sd = np.repeat(c.v_mean_mv, c.sizes), np.repeat(c.v_sd_mv, c.sizes)
    return rng.normal(mean, sd).astype(np.float32)
