"""The network of edges.toml: simple cells with oriented receptive fields, in competition."""

import numpy as np

from neuroloop.network import Convolution, Input, Network, Population, Projection

ORIENTATIONS = 8
"""of edges, evenly spaced over half a turn; number 0 is upright, the next ones lean to the left"""


def _gabor(angle_rad: float, size: int = 9) -> np.ndarray:
    """Return an even Gabor patch ``float64[size, size]`` without mean, its positive part sums to 1.

    J. P. Jones and L. A. Palmer, "An evaluation of the two-dimensional Gabor filter model of simple
    receptive fields in cat striate cortex", Journal of Neurophysiology 58, 1987.
    """
    y, x = np.mgrid[:size, :size] - size // 2
    across = x * np.cos(angle_rad) - y * np.sin(angle_rad)
    along = x * np.sin(angle_rad) + y * np.cos(angle_rad)
    patch = np.exp(-(across**2 / 1.2**2 + along**2 / 2.2**2) / 2) * np.cos(2 * np.pi * across / 5.0)
    envelope = np.exp(-(across**2 / 1.2**2 + along**2 / 2.2**2) / 2)
    patch -= envelope * patch.sum() / envelope.sum()
    return patch / patch.clip(0).sum()


def _rivals(strength: float, size: int = 5) -> np.ndarray:
    """Return whom an edge cell inhibits, ``float64[out, in, size, size]``.

    Beside the edge all cells, along it none of its own orientation: a line is not cut into pieces.
    """
    y, x = np.mgrid[:size, :size] - size // 2
    kernel = np.zeros((ORIENTATIONS, ORIENTATIONS, size, size))
    for o, angle in enumerate(np.pi * np.arange(ORIENTATIONS) / ORIENTATIONS):
        across = np.abs(x * np.cos(angle) - y * np.sin(angle))
        beside = (across > 0.7) & (np.hypot(x, y) < 2.5)
        kernel[:, o] = -strength * beside
        here = np.hypot(x, y) < 0.5
        for other in range(ORIENTATIONS):
            if other != o:
                kernel[other, o] -= strength * here
    return kernel


def edges(width: int = 160, height: int = 112, threshold: float = 2.0) -> Network:
    """Fire where oriented edges are, from the ON and OFF events of an eye or a world that moves.

    ``edges`` has a map of simple cells for each orientation, with Gabor receptive fields over the
    events of both signs.  What is clearest reaches its threshold first and hushes its rivals.
    """
    fields = [_gabor(np.pi * o / ORIENTATIONS) for o in range(ORIENTATIONS)]
    simple = Convolution(
        (2, height, width), np.repeat(np.array(fields)[:, None], 2, axis=1), padding="same"
    )
    rivals = Convolution((ORIENTATIONS, height, width), _rivals(threshold), padding="same")
    cells = {"tau_m_ms": 80.0, "v_threshold": threshold, "refractory_ms": 80.0}
    return Network(
        inputs=(Input("change", simple.n_pre),),
        populations=(Population("edges", simple.n_post, "lif", cells),),
        projections=(
            Projection("change", "edges", simple),
            Projection("edges", "edges", rivals, delay_ms=1.0),
        ),
    )
