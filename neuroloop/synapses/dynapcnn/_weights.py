"""Weights of DYNAP-CNN and Speck: whole numbers of 8 bits.

Source: sinabs 3.1, how it prepares a network for the chip.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroloop.core.errors import ConfigError

LOWEST, HIGHEST = -128, 127


def eight_bits(weight: ArrayLike) -> NDArray[np.int32]:
    """Return weights as the chip adds them, of the same shape.

    Raises
    ------
    ConfigError
        Where one is not whole, or does not fit into 8 bits.
    """
    given = np.asarray(weight)
    broken = given[given != np.rint(given)]
    if broken.size:
        raise ConfigError(
            f"a weight of {broken.flat[0]:g}; the chip has whole numbers. Multiply the weights, and"
            " the threshold with them, or let the backend quantise the network"
        )
    wrong = given[(given < LOWEST) | (given > HIGHEST)]
    if wrong.size:
        raise ConfigError(f"a weight of {wrong.flat[0]:g}; the chip has {LOWEST} to {HIGHEST}")
    return given.astype(np.int32)
