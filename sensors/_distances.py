"""From the numbers a range finder writes to distances: NaN unmeasured, +inf nothing in range."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from neuroloop.core.errors import ConfigError
from neuroloop.core.values import Float32s

Zero = Literal["no_measurement", "nothing_within_range"]


@dataclass(frozen=True)
class Meaning:
    """What a range finder's numbers mean."""

    unit_m: float
    """metres of 1"""
    min_m: float
    """below it there is no measurement"""
    max_m: float
    """beyond it there is nothing within range"""
    zero: Zero = "no_measurement"
    """what 0 says; scanners differ"""

    def check(self) -> None:
        """Raise where the limits are the wrong way round.

        Raises
        ------
        ConfigError
            What would be right.
        """
        if self.max_m <= self.min_m:
            raise ConfigError(f"`max_m`: {self.max_m:g} must be above min_m ({self.min_m:g})")

    def metres(self, numbers: NDArray[Any]) -> Float32s:
        """Return distances; what is negative or no number is no measurement."""
        with np.errstate(over="ignore", invalid="ignore"):
            metres = np.asarray(numbers, np.float64) * self.unit_m
            metres[metres > self.max_m] = np.inf
            metres[(metres < self.min_m) | (numbers <= 0)] = np.nan
            if self.zero == "nothing_within_range":
                metres[numbers == 0] = np.inf
        return metres.astype(np.float32)
