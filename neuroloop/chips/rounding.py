"""What rounding did to the weights of a projection: how far they are off, and whether any is left.

Chips differ in how they scale weights; what is to be said of the result is the same for all.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroloop.chips.weights import Floats
from neuroloop.core.errors import ConfigError

MANY_ZEROS = 0.5
"""from which part of weights that became 0, and were not, there is a warning"""


def rms_off(got: NDArray[Any], wanted: Floats) -> float:
    """Return the root mean square of what weights are off, as a part of theirs.

    >>> round(rms_off(np.array([3, 4]), np.array([3.0, 4.5])), 3)
    0.092
    """
    size = float(np.sqrt(np.mean(wanted**2))) if len(wanted) else 0.0
    return float(np.sqrt(np.mean((got - wanted) ** 2))) / size if size else 0.0


def became_zero(got: NDArray[Any], wanted: Floats, synapses: int) -> int:
    """Return how many of so many synapses lost their weight; convolutions share theirs."""
    lost = np.count_nonzero(wanted) - np.count_nonzero(got)
    return round(lost / max(len(wanted), 1) * synapses)


def check_some_left(name: str, got: NDArray[Any], wanted: Floats, cause: str) -> None:
    """Refuse a projection that has weights, and on the chip none.

    Parameters
    ----------
    name
        Of the projection.
    got, wanted
        Its weights on the chip, and before they were rounded, in the same unit.
    cause
        What is so much larger, as in ``a bias of "motor"``.

    Raises
    ------
    ConfigError
        Where all of them became 0.
    """
    largest = float(np.abs(wanted).max(initial=0.0))
    if largest and not got.any():
        raise ConfigError(
            f"projection {name}: all of its weights are 0 on the chip, the largest would be "
            f"{largest:.2g} of its units, because {cause} is too large beside them; larger "
            "weights or a smaller threshold fit"
        )
