"""The layers of a trained feed-forward net from a file of plain arrays ``w1, b1, w2, b2 ...``."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroloop.config import array_file
from neuroloop.core.errors import ConfigError
from neuroloop.core.values import Float32s

_MOST_BYTES = 1 << 28

Array = NDArray[Any]
Layer = tuple[Float32s, Float32s]
"""weights ``float32[neurons, inputs]`` and biases ``float32[neurons]``"""


def load_layers(path: Path | str) -> list[Layer]:
    """Read the layers, first to last.

    Raises
    ------
    ConfigError
        Where the file is missing or something else, or an array is missing, not finite, or does
        not fit the layer before it.
    """
    what = "file of arrays (.npz)"
    arrays = array_file.read_all(Path(path), _MOST_BYTES, str(path), what)
    layers: list[Layer] = []
    while f"w{len(layers) + 1}" in arrays:
        layers.append(_layer(arrays, len(layers) + 1, layers, str(path)))
    if not layers:
        raise ConfigError(f"{path}: no array `w1`; a layer is w1 [neurons, inputs], b1 [neurons]")
    return layers


def _layer(arrays: dict[str, Array], k: int, before: list[Layer], path: str) -> Layer:
    if f"b{k}" not in arrays:
        raise ConfigError(f"{path}: `w{k}` is there, `b{k}` is not")
    weight, bias = arrays[f"w{k}"], arrays[f"b{k}"]
    for name, array, ndim in ((f"w{k}", weight, 2), (f"b{k}", bias, 1)):
        if array.ndim != ndim or array.dtype.kind != "f":
            raise ConfigError(
                f"{path}: `{name}` is {array.dtype}{list(array.shape)}; "
                f"{'floats [neurons, inputs] are' if ndim == 2 else 'floats [neurons] are'} wanted"
            )
        if not np.isfinite(array).all():
            raise ConfigError(f"{path}: `{name}` holds a number that is not finite")
    if len(bias) != len(weight):
        raise ConfigError(f"{path}: `b{k}` has {len(bias)} numbers, `w{k}` {len(weight)} rows")
    if before and weight.shape[1] != len(before[-1][1]):
        raise ConfigError(
            f"{path}: `w{k}` has {weight.shape[1]} columns, the layer before it "
            f"{len(before[-1][1])} neurons"
        )
    return weight.astype(np.float32), bias.astype(np.float32)
