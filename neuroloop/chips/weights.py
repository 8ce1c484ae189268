"""The weights of any form of connections, as one array, and the most that they can add up to."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroloop.core.errors import ConfigError
from neuroloop.network.connections import Connections, by_source
from neuroloop.network.convolution import Convolution
from neuroloop.network.pooling import Pooling

Floats = NDArray[np.float64]


def of(wiring: Any) -> Floats:
    """Return the weights, ``float64[k]``; one number that stands for all is one number.

    Raises
    ------
    ConfigError
        Where it is a form that has none here.
    """
    if isinstance(wiring, Connections):
        return np.asarray(wiring.weight[:1] if wiring.constant else wiring.weight, np.float64)
    if isinstance(wiring, Convolution):
        return np.asarray(wiring.kernel, np.float64).ravel()
    if isinstance(wiring, Pooling):
        return np.array([wiring.weight], np.float64)
    raise ConfigError(f"a {type(wiring).__name__} has no form on a chip")


def put(wiring: Any, numbers: NDArray[Any]) -> Any:
    """Return the same connections with other weights, in the order of `of`."""
    if isinstance(wiring, Convolution):
        return replace(wiring, kernel=numbers.reshape(np.shape(wiring.kernel)))
    if isinstance(wiring, Pooling):
        return replace(wiring, weight=float(numbers[0]))
    weight: NDArray[np.float32] = np.asarray(numbers, np.float32)
    if wiring.constant:
        weight = np.broadcast_to(weight[0] if len(weight) else np.float32(0), (len(wiring),))
    return Connections(wiring.start, wiring.post, weight)


def targets(wiring: Any) -> NDArray[Any] | None:
    """Return which target each weight of `of` is for, a map of a convolution being one.

    None where one weight is for all of them.
    """
    if isinstance(wiring, Convolution):
        maps, *each = np.shape(wiring.kernel)
        return np.repeat(np.arange(maps), math.prod(each))
    if isinstance(wiring, Pooling) or wiring.constant:
        return None
    post: NDArray[Any] = wiring.post
    return post


def sums(wiring: Any, n_post: int, numbers: NDArray[Any]) -> Floats:
    """Return what a target gets where every source fires, ``float64[2, n_post]``.

    The first row is of weights above 0, the second of those below, without their sign; a
    convolution's borders count as its middle.
    """
    parts = [np.maximum(numbers, 0.0), np.maximum(-numbers, 0.0)]
    if isinstance(wiring, Convolution):
        maps, rows, columns = wiring.output_shape
        pooled = wiring.windows[0] * wiring.windows[1]
        each = [part.reshape(maps, -1).sum(axis=1) * pooled for part in parts]
        return np.array([np.repeat(part, rows * columns) for part in each])
    if isinstance(wiring, Pooling):
        windows = wiring.window[0] * wiring.window[1]
        return np.array([np.full(n_post, part[0] * windows) for part in parts])
    post = wiring.post
    return np.array(
        [
            np.bincount(post, np.broadcast_to(part, len(post)), minlength=n_post)
            for part in (parts if len(post) else [np.zeros(0)] * 2)
        ]
    )


def unrolled(pooling: Pooling) -> Connections:
    """Return every synapse of a pooling, for a chip that keeps each by itself."""
    channels, height, width = pooling.input_shape
    _, rows, columns = pooling.output_shape
    (deep, wide), (down, across) = pooling.window, pooling.steps
    c, r, k, i, j = np.meshgrid(
        *(np.arange(size) for size in (channels, rows, columns, deep, wide)), indexing="ij"
    )
    source = (c * height + r * down + i) * width + k * across + j
    target = (c * rows + r) * columns + k
    weight = np.broadcast_to(np.float32(pooling.weight), (source.size,))
    ends = (source.ravel().astype(np.uint32), target.ravel().astype(np.uint32))
    return by_source(*ends, weight, pooling.n_pre)
