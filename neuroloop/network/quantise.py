"""Weights on a grid: whole multiples of one power of two, which layouts can pack."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroloop.core.errors import ConfigError


def quantise(weight: ArrayLike, bits: int = 15) -> NDArray[np.float32]:
    """Round weights to whole multiples of the finest power of two that needs so many bits.

    Sums of such weights are exact in float32 as long as they stay below 2**24 steps, and a
    synapse of 15 bits fits into a 32-bit word beside one of 131,072 targets.

    Parameters
    ----------
    weight
        In any unit, any shape.
    bits
        Of a weight with its sign, 2...24: its whole number is below ``2**(bits - 1)``.

    Returns
    -------
    ndarray
        ``float32``, of the shape of ``weight``; none is off by more than half a step.

    Raises
    ------
    ConfigError
        Where a weight is not finite, or ``bits`` is out of range.

    Examples
    --------
    >>> quantise([0.3, -1.0, 0.001], bits=4)
    array([ 0.25, -1.  ,  0.  ], dtype=float32)
    """
    if not 2 <= bits <= 24:
        raise ConfigError(f"a weight of {bits} bits; 2...24 are possible")
    value = np.asarray(weight, np.float32)
    if not np.isfinite(value).all():
        raise ConfigError("a weight is not a finite number")
    largest = float(np.abs(value).max(initial=0.0))
    if not largest:
        return value + np.float32(0)
    most = 2 ** (bits - 1) - 1
    step = 2.0 ** math.floor(math.log2(largest / most))
    while np.rint(largest / step) > most:
        step *= 2
    step = max(step, float(np.finfo(np.float32).tiny))
    rounded: NDArray[np.float32] = (np.rint(value / np.float32(step)) * np.float32(step)).astype(
        np.float32
    )
    return rounded + np.float32(0)
