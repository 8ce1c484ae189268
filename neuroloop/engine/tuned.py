"""The values that the units of a population code prefer."""

import math

import numpy as np

from neuroloop.core.values import Float32s


def preferred(units: int, low: float, high: float, *, circular: bool) -> Float32s:
    """Return the preferred value of each unit, ``float32[units]``.

    The middles of equal parts of low ... high; angles run from left (pi) to right (-pi).
    """
    place = (np.arange(units) + 0.5) / units
    if circular:
        return (math.pi * (1.0 - 2.0 * place)).astype(np.float32)
    return (low + (high - low) * place).astype(np.float32)
