"""Parameters that neurons of Loihi 1 share: their bounds, and what a kernel gets of them."""

from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Cell
from neuroloop.neurons.loihi1._compartment import ALIGN, ONE

Decay = Annotated[int, msgspec.Meta(ge=0, le=4095)]
Threshold = Annotated[int, msgspec.Meta(ge=0, le=131_071)]
Mantissa = Annotated[int, msgspec.Meta(ge=-4096, le=4095)]
Exponent = Annotated[int, msgspec.Meta(ge=0, le=7)]
Refractory = Annotated[int, msgspec.Meta(ge=0, le=63)]


def keeps(du: int, dv: int) -> tuple[int, int]:
    """Return what a tick leaves of a current and of a potential, in 4096ths.

    The chip adds 1 to the decay of the current, so that 4095 leaves nothing.
    """
    return ONE - (du + 1), ONE - dv


def aligned(threshold: int) -> int:
    """Return a threshold in the unit of the potential."""
    return threshold << int(ALIGN)


def bias(cell: Cell, mantissa: int, exponent: int) -> NDArray[np.int32]:
    """Return each neuron's bias in the unit of the potential, ``int32[n]``.

    Raises
    ------
    ConfigError
        Where the population's array ``bias_mant`` does not fit.
    """
    given = cell.arrays.get("bias_mant", np.full(cell.n, float(mantissa)))
    whole = whole_numbers(given, cell.n, "bias_mant", -4096, 4095)
    return whole << np.int32(exponent)


def whole_numbers(
    given: NDArray[np.float64], n: int, name: str, low: int, high: int
) -> NDArray[np.int32]:
    """Return numbers given neuron by neuron as ``int32[n]``, or say what is wrong with them."""
    if given.shape != (n,):
        raise ConfigError(f"{name} has shape {given.shape}, not {(n,)}")
    wrong = np.flatnonzero((given != np.rint(given)) | (given < low) | (given > high))
    if len(wrong):
        raise ConfigError(
            f"{name} of neuron {wrong[0]} is {given[wrong[0]]:g}; whole numbers of {low} to {high}"
            " are wanted"
        )
    return given.astype(np.int32)
