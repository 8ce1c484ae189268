"""Networks for DYNAP-CNN as plain numbers that every tool can be given.

A case is a dictionary: the ticks, the units of the input that spike in each of them, often several
times, its shape, the layers (kernel, bias, threshold, stride, padding, and the pooling before the
kernel), all floating point, and the lowest potential of all of them.
"""

import numpy as np

TICKS = 30


def draw(seed):
    """Draw a network of one to three layers that fires."""
    rng = np.random.default_rng([3, seed])
    shape = (int(rng.integers(1, 4)), *(int(k) for k in rng.integers(9, 17, 2)))
    layers, channels, size = [], shape[0], list(shape[1:])
    for _ in range(rng.integers(1, 4)):
        layer = _layer(rng, channels, size)
        size = [
            (n // layer["pool"] + 2 * layer["padding"] - layer["side"]) // layer["stride"] + 1
            for n in size
        ]
        layers.append(layer)
        channels = layer["maps"]
    units = int(np.prod(shape))
    events = [
        np.sort(rng.integers(0, units, rng.integers(0, units // 2))).tolist() for _ in range(TICKS)
    ]
    return {
        **{"ticks": TICKS, "shape": shape, "events": events, "layers": layers},
        "v_min": -float(rng.uniform(0.2, 3.0)),
    }


def _layer(rng, channels, size):
    pool = int(rng.choice([1, 2])) if min(size) >= 6 else 1
    maps, side, padding = int(rng.integers(1, 7)), int(rng.integers(1, 4)), 0
    side = min(side, min(size) // pool)
    if side > 1:
        padding = int(rng.integers(0, 2))
    kernel = rng.normal(0.05, 0.4, (maps, channels, side, side)).astype(np.float32)
    bias = rng.normal(0.0, 0.1, maps).astype(np.float32) * (rng.random() < 0.5)
    return {
        **{"maps": maps, "side": side, "pool": pool, "padding": padding},
        "stride": int(rng.choice([1, 2])) if min(size) // pool >= 6 else 1,
        **{"kernel": kernel.tolist(), "bias": bias.tolist()},
        "threshold": float(np.float32(rng.uniform(0.4, 2.0))),
    }
