"""The workloads as networks of neuroloop, by its public graph alone."""

from dataclasses import dataclass

import instance
import loop_net
import microcircuit
import numpy as np
from workloads import BRUNEL, COBA, CUBA, LOOP, PROPAGATION, STDP

from neuroloop import Input, Network, Population, Projection
from neuroloop.network import (
    Connections,
    blocks,
    fixed_in_degree,
    fixed_probability,
    fixed_total,
    one_to_one,
    pairs,
)


@dataclass(frozen=True, eq=False)
class Net:
    """A network and what is needed to read its spikes."""

    network: Network
    first: dict[str, int]
    """of each population that fires: the number of its first neuron in the whole"""
    n: int
    targets: float


def cuba(layout, seed, arrays):
    """Vogels & Abbott with currents."""
    p = CUBA
    params = {"tau_m_ms": p.tau_m_ms, "c_m_pf": p.c_m_pf}
    return _balanced(p, "lif_exp", params, (p.exc, -p.inh), (layout, seed, arrays))


def coba(layout, seed, arrays):
    """Vogels & Abbott with conductances."""
    p = COBA
    params = {
        "c_m_pf": p.c_m_pf,
        "g_leak_ns": p.g_leak_ns,
        "e_exc_mv": p.e_exc_mv,
        "e_inh_mv": p.e_inh_mv,
        "bias_pa": p.bias_pa,
    }
    return _balanced(p, "lif_cond", params, (p.exc, p.inh), (layout, seed, arrays))


def _balanced(p, kind, params, weights, how):
    layout, seed, arrays = how
    same = (
        "v_rest_mv",
        "v_threshold_mv",
        "v_reset_mv",
        "refractory_ms",
        "tau_exc_ms",
        "tau_inh_ms",
    )
    params = params | {name: getattr(p, name) for name in same}
    v = np.random.default_rng(seed).uniform(p.v_reset_mv, p.v_threshold_mv, p.n)
    halves = _halves(p)
    populations = tuple(
        Population(name, n, kind, params, {"v": (v if arrays is None else arrays["v"])[a : a + n]})
        for name, a, n in halves
    )
    draw = lambda k, pre, post, weight: fixed_probability(  # noqa: E731
        pre[2], post[2], p.probability, weight, seed=1000 * seed + k
    )
    links = _between(halves, weights, draw, arrays)
    projections = tuple(
        Projection(pre, post, wired, p.delay_ms, receptor=pre, layout=layout)
        for pre, post, wired in links
    )
    return Net(Network((), populations, projections), _first(halves), p.n, p.targets)


def _halves(p):
    """Return ``(name, first neuron, neurons)`` of excitation and inhibition."""
    return (("exc", 0, p.n_exc), ("inh", p.n_exc, p.n_inh))


def _first(parts):
    return {name: int(first) for name, first, _ in parts}


def _between(halves, weights, draw, arrays):
    """Yield ``(source, target, connections)`` of each pair, drawn or as the arrays say."""
    ends = [(pre, post, w) for pre, w in zip(halves, weights, strict=True) for post in halves]
    for k, (pre, post, weight) in enumerate(ends):
        if arrays is None:
            wired = draw(k, pre, post, weight)
        else:
            wired = pairs(*_within(arrays, pre, post), weight)
        yield pre[0], post[0], wired


def _within(arrays, pre, post):
    i, j = arrays["pre"] - pre[1], arrays["post"] - post[1]
    here = (i >= 0) & (i < pre[2]) & (j >= 0) & (j < post[2])
    return i[here], j[here]


def brunel(layout, seed, arrays):
    """Brunel's network."""
    return _brunel(BRUNEL, layout, seed, arrays)


def stdp(layout, seed, arrays):
    """A small one with plastic synapses between excitatory neurons."""
    p = STDP
    params = {
        "tau_plus_ms": p.tau_plus_ms,
        "tau_minus_ms": p.tau_minus_ms,
        "a_plus": p.potentiation,
        "a_minus": p.depression,
        "w_max": p.most_mv,
    }
    return _brunel(p, layout, seed, arrays, {("exc", "exc"): ("stdp", params)})


def _brunel(p, layout, seed, arrays, plastic=None):
    halves = _halves(p)
    params = {
        "tau_m_ms": p.tau_m_ms,
        "v_threshold": p.v_threshold_mv,
        "v_reset": p.v_reset_mv,
        "refractory_ms": p.refractory_ms,
    }
    degree = {"exc": p.in_exc, "inh": p.in_inh}
    draw = lambda k, pre, post, weight: fixed_in_degree(  # noqa: E731
        pre[2], post[2], degree[pre[0]], weight, seed=1000 * seed + k
    )
    populations, projections = [], []
    for name, _, n in halves:
        noise = f"noise_{name}"
        populations.append(Population(name, n, "lif", params))
        populations.append(Population(noise, n, "poisson_counts", {"rate_hz": p.external_hz}))
        projections.append(Projection(noise, name, one_to_one(n, p.exc_mv), kind="value"))
    for pre, post, wired in _between(halves, (p.exc_mv, p.inh_mv), draw, arrays):
        kind, settings = (plastic or {}).get((pre, post), ("static", {}))
        shape = layout if kind == "static" else "auto"
        projections.append(
            Projection(pre, post, wired, p.delay_ms, kind=kind, params=settings, layout=shape)
        )
    return Net(Network((), tuple(populations), tuple(projections)), _first(halves), p.n, p.targets)


def microcircuit_(layout, seed, arrays, scale):
    """Potjans & Diesmann: one population of all neurons, excitation and inhibition by receptor."""
    m, c = microcircuit, microcircuit.scaled(scale)
    rng = np.random.default_rng(seed)
    params = {
        "tau_m_ms": m.TAU_M_MS,
        "c_m_pf": m.C_M_PF,
        "v_rest_mv": m.V_REST_MV,
        "v_threshold_mv": m.V_THRESHOLD_MV,
        "v_reset_mv": m.V_RESET_MV,
        "refractory_ms": m.REFRACTORY_MS,
        "tau_exc_ms": m.TAU_SYN_MS,
        "tau_inh_ms": m.TAU_SYN_MS,
    }
    bias = np.repeat(c.bias_pa, c.sizes)
    v = instance.voltages(c, rng) if arrays is None else arrays["v"]
    rate = np.repeat(c.external_hz, c.sizes)
    populations = (
        Population("cortex", c.n, "lif_exp", params, {"v": v, "bias": bias}),
        Population("background", c.n, "poisson_counts", {}, {"rate_hz": rate}),
    )
    noise = one_to_one(c.n, c.external_pa)
    projections = [Projection("background", "cortex", noise, receptor="exc", kind="value")]
    for k, receptor in enumerate(("exc", "inh")):
        wired, delay = _drawn(c, k, rng) if arrays is None else _given(arrays, k)
        projections.append(
            Projection("cortex", "cortex", wired, delay, receptor=receptor, layout=layout)
        )
    return Net(Network((), populations, tuple(projections)), {"cortex": 0}, c.n, c.targets)


def _drawn(c, kind, rng):
    """Return the synapses of excitatory (0) or inhibitory (1) neurons and their delays."""
    parts = []
    for target, source in c.projections():
        if source % 2 == kind:
            w = abs(c.weight_pa[target, source])
            drawn = fixed_total(
                int(c.sizes[source]),
                int(c.sizes[target]),
                int(c.synapses[target, source]),
                1.0,
                seed=int(rng.integers(2**31)),
            )
            noise = np.maximum(rng.normal(w, w * microcircuit.WEIGHT_SD, len(drawn)), 0)
            weight = np.float32(noise if kind == 0 else -noise)
            wired = Connections(drawn.start, drawn.post, weight)
            parts.append((int(c.first[source]), int(c.first[target]), wired))
    wired = blocks(c.n, c.n, parts)
    mean = microcircuit.DELAY_MS[kind]
    return wired, instance.truncated(rng, mean, mean * microcircuit.DELAY_SD, len(wired))


def _given(arrays, kind):
    chosen = arrays["weight"] > 0 if kind == 0 else arrays["weight"] <= 0
    wired = pairs(arrays["pre"][chosen], arrays["post"][chosen], arrays["weight"][chosen])
    return wired, arrays["delay"][chosen]


def loop(layout, n):
    """Build the closed loop: an array of numbers in, spikes out."""
    target, weight = loop_net.synapses(n)
    pre = np.repeat(np.arange(n), LOOP.targets)
    wired = pairs(pre, target.ravel(), weight.ravel())
    projections = (
        Projection("drive", "neurons", one_to_one(n), kind="value"),
        Projection("neurons", "neurons", wired, LOOP.delay_ms, layout=layout),
    )
    neurons = Population("neurons", n, "lif", {"tau_m_ms": LOOP.tau_m_ms})
    return Network((Input("drive", n, "values"),), (neurons,), projections)


def propagation(layout, target):
    """Build spikes to synapses alone: neurons that never fire, ``target`` is ``[n_pre, k]``."""
    p = PROPAGATION
    pre = np.repeat(np.arange(p.n_pre), p.targets)
    wired = pairs(pre, target.ravel(), 0.1)
    neurons = Population("neurons", p.n_post, "lif", {"v_threshold": 1e30})
    return Network(
        (Input("source", p.n_pre),),
        (neurons,),
        (Projection("source", "neurons", wired, layout=layout),),
    )
