"""Networks for both readings of Loihi 1, as plain numbers that every tool can be given.

A case is a dictionary: the ticks, the units of the input that spike in each of them, populations
(``cells``) and projections (``links``, weights and delays as matrices from source to target).
"""

import numpy as np

TICKS = 100
STRETCHES = 20
"""parts of equal length in which the ticks of a timed run are measured; the fastest counts"""
SPEED_N = 256
SPEED_THRESHOLD = 1000
SPEED_ACTIVE = 0.035
"""share of the inputs that spike in a tick"""
RANGES = {"mixed": (-256, 256), "excitatory": (0, 256), "inhibitory": (-255, 1)}


def lava_case(seed):
    """Draw a network of Lava's processes: Dense, Sparse, with and without delays."""
    rng = np.random.default_rng([1, seed])
    models = ["cuba", "ternary", "periodic_reset"]
    cells = [_lava_cells(rng, name, models[(seed + k) % 3]) for k, name in enumerate("ab")]
    sizes = {"in": int(rng.integers(2, 40)), **{c["name"]: c["n"] for c in cells}}
    ways = [("in", "a"), ("in", "a"), ("in", "b"), ("a", "b"), ("b", "a"), ("a", "a")]
    carries = {c["name"] for c in cells if c["model"] == "ternary"}
    links = [_lava_link(rng, *way, sizes, way[0] in carries) for way in ways]
    return _case(rng, sizes["in"], cells, links)


def refractory_case(seed):
    """Draw a network of Lava's LIFRefractory, which is in floating point.

    The current is gone after a tick and the potential stays, so that all its numbers are whole.
    """
    rng = np.random.default_rng([3, seed])
    sizes = {"in": 20, "a": 30}
    params = {"du": 4095, "dv": 0, "vth": 300, "bias_exp": 0}
    params |= {"refractory": int(rng.integers(1, 9))}
    cells = [{"name": "a", "n": 30, "model": "refractory", "params": params, "bias": [0] * 30}]
    link = _lava_link(rng, "in", "a", sizes, graded=False)
    link |= {"form": "Dense", "delay": None, "bits": 8, "exponent": 0, "sign": "mixed"}
    link["weight"] = (2 * rng.integers(-40, 90, (20, 30))).tolist()
    return _case(rng, 20, cells, [link])


def flood_case():
    """Return inputs whose sum in the current's unit does not fit into 32 bits."""
    n = 1100
    params = {"du": 100, "dv": 1000, "vth": 900, "bias_exp": 0}
    cells = [{"name": "a", "n": 2, "model": "cuba", "params": params, "bias": [0, 0]}]
    link = {"source": "in", "target": "a", "form": "Dense", "graded": False, "delay": None}
    link |= {"weight": [[255, 200]] * n, "exponent": 7, "bits": 8, "sign": "excitatory"}
    case = _case(np.random.default_rng(4), n, cells, [link])
    case["events"] = [list(range(n)) if tick % 9 == 0 else [] for tick in range(TICKS)]
    return case


def nengo_case(seed):
    """Draw a network of the emulator's blocks."""
    rng = np.random.default_rng([2, seed])
    cells = [_nengo_cells(rng, name) for name in "ab"]
    sizes = {"in": int(rng.integers(2, 30)), **{c["name"]: c["n"] for c in cells}}
    ways = [("in", "a"), ("in", "b"), ("a", "b"), ("b", "a"), ("a", "a")]
    links = [_nengo_link(rng, *way, sizes) for way in ways]
    return _case(rng, sizes["in"], cells, links)


def speed_case(reading, ticks):
    """Return 256 inputs, 256 and 256 neurons, connected all to all, that fire now and then.

    No number leaves its range, so that both readings fire the same spikes.
    """
    rng = np.random.default_rng(0)
    n = SPEED_N
    params = {"du": 2047, "dv": 512, "vth": SPEED_THRESHOLD, "bias_exp": 0}
    if reading == "nengo":
        params = {"du": 2047, "dv": 512, "vth": SPEED_THRESHOLD << 6, "refractory": 1}
        params |= {"vmin": 1 - 2**23, "vmax": 2**23 - 1}
    model = {"lava": "cuba", "nengo": "nengo"}[reading]
    cells = [
        {"name": name, "n": n, "model": model, "params": params, "bias": [0] * n} for name in "ab"
    ]
    links = [
        {
            **{"source": source, "target": target, "form": "Dense", "graded": False},
            **{"weight": (2 * rng.integers(-64, 64, (n, n))).tolist(), "delay": None},
            **{"exponent": 0, "bits": 8, "sign": "mixed"},
        }
        for source, target in (("in", "a"), ("a", "b"))
    ]
    return _case(rng, n, cells, links, ticks, SPEED_ACTIVE)


def _case(rng, n_inputs, cells, links, ticks=TICKS, active=0.15):
    events = [np.flatnonzero(rng.random(n_inputs) < active).tolist() for _ in range(ticks)]
    return {"ticks": ticks, "inputs": n_inputs, "events": events, "cells": cells, "links": links}


def _lava_cells(rng, name, model):
    n = int(rng.integers(2, 30))
    vth = int(rng.choice([0, 40, 900, 20_000, 131_071]))
    params = {
        "du": int(rng.choice([0, 300, 2047, 4095])),
        "dv": int(rng.choice([0, 128, 1000, 4095])),
        "bias_exp": int(rng.integers(0, 8)),
    }
    params |= {"vth_hi": vth, "vth_lo": -vth // 2} if model == "ternary" else {"vth": vth}
    if model == "periodic_reset":
        params |= {"interval": int(rng.integers(1, 30)), "offset": int(rng.integers(0, 60))}
    bias = (rng.integers(-4096, 4096, n) * (rng.random(n) < 0.3)).tolist()
    return {"name": name, "n": n, "model": model, "params": params, "bias": bias}


def _lava_link(rng, source, target, sizes, graded):
    n, m = sizes[source], sizes[target]
    sign = str(rng.choice(list(RANGES), p=[0.6, 0.3, 0.1]))
    low, high = RANGES[sign]
    weight = rng.integers(low, high, (n, m)) * (rng.random((n, m)) < rng.choice([0.2, 1.0]))
    weight[0, 0], weight[-1, -1] = (high - 1, low) if sign == "mixed" else (low or 9, low or 9)
    form = str(rng.choice(["Dense", "Sparse", "DelayDense", "DelaySparse"]))
    delay = rng.integers(0, rng.choice([2, 64]), (n, m)).tolist() if "Delay" in form else None
    return {
        **{"source": source, "target": target, "form": form, "graded": graded},
        **{"weight": weight.tolist(), "delay": delay, "exponent": int(rng.integers(-7, 8))},
        **{"bits": int(rng.integers(1, 9)), "sign": sign},
    }


def _nengo_cells(rng, name):
    n = int(rng.integers(2, 30))
    params = {
        "du": int(rng.choice([0, 300, 2047, 4095])),
        "dv": int(rng.choice([0, 128, 1000, 4095])),
        "vth": int(rng.choice([1, 50, 1000, 30_000, 131_071])) * 64,
        "vmin": int(rng.choice([0, -255, 1 - 2**23])),
        "vmax": int(rng.choice([2**23 - 1, 2**19 - 1])),
        "refractory": int(rng.choice([1, 2, 6])),
    }
    bias = (rng.integers(-4095, 4096, n) << rng.integers(0, 8)) * (rng.random(n) < 0.3)
    return {"name": name, "n": n, "model": "nengo", "params": params, "bias": bias.tolist()}


def _nengo_link(rng, source, target, sizes):
    weight = rng.integers(-128, 128, (sizes[source], sizes[target])) * 2
    return {
        **{"source": source, "target": target, "weight": weight.tolist(), "delay": None},
        **{"exponent": int(rng.integers(-6, 8))},
    }
