"""Drives of Loihi 2's neurons as plain numbers that every tool can be given.

A case is a dictionary: a model with its settings, a matrix or a kernel from the input to it, and
the number that each unit of the input carries in each tick.
"""

import numpy as np

TICKS = 60
MODELS = ("graded_vec", "delta", "sigma_delta")


def draw(seed):
    """Draw neurons of one model behind a matrix or a convolution of graded spikes."""
    rng = np.random.default_rng([4, seed])
    model = MODELS[seed % 3]
    case = {"model": model, "params": _params(rng, model), "ticks": TICKS}
    case |= _convolution(rng) if seed // 3 % 2 else _matrix(rng)
    if model == "sigma_delta":
        case["bias"] = int(rng.integers(-50, 50))
    sparse = rng.random((TICKS, case["inputs"])) < 0.4
    largest = 10 ** rng.uniform(1, 4.5)
    case["carried"] = (sparse * rng.integers(-largest, largest, sparse.shape)).tolist()
    return case


def _params(rng, model):
    vth = int(rng.choice([0, 1, 30, 2000]))
    if model == "graded_vec":
        return {"vth": vth}
    exponents = {"spike_exp": int(rng.integers(0, 4)), "state_exp": int(rng.integers(0, 4))}
    return {"vth": vth, **exponents, "cumulative": bool(rng.random() < 0.5)}


def _matrix(rng):
    n, m = (int(k) for k in rng.integers(2, 40, 2))
    weight = 2 * rng.integers(-128, 128, (n, m)) * (rng.random((n, m)) < rng.choice([0.2, 1.0]))
    weight[0, 0], weight[-1, -1] = 254, -256
    return {"inputs": n, "n": m, "weight": weight.tolist(), "exponent": int(rng.integers(-7, 4))}


def _convolution(rng):
    channels, maps, side = (int(k) for k in rng.integers(1, 4, 3))
    height, width = (int(k) for k in rng.integers(4, 9, 2))
    padding = int(rng.integers(0, side))
    stride = int(rng.integers(1, 3))
    rows, columns = ((n + 2 * padding - side) // stride + 1 for n in (height, width))
    kernel = 2 * rng.integers(-128, 128, (maps, channels, side, side))
    kernel.flat[0] = -256
    kernel.flat[-1] = 254
    return {
        **{"inputs": channels * height * width, "n": maps * rows * columns, "padding": padding},
        **{"shape": [channels, height, width], "stride": stride, "kernel": kernel.tolist()},
    }
