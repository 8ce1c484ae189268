"""Pooling as connections: windows over each map, one weight for all."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from neuroloop.core.errors import ConfigError
from neuroloop.network.convolution import Pair, both, sizes

_MOST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Pooling:
    """Sum windows of each map; ``weight=1 / (rows * columns)`` is their mean.

    Units are counted channel by channel, in each row by row, at both ends.  What is left over at
    the right and at the bottom reaches nothing.

    Raises
    ------
    ConfigError
        Where the sizes do not fit.

    Examples
    --------
    >>> halved = Pooling((2, 34, 34), 2, weight=0.25)
    >>> halved.output_shape, len(halved)
    ((2, 17, 17), 2312)
    """

    input_shape: tuple[int, int, int]
    """channels, height and width of the source"""
    size: int | Pair
    """rows and columns of a window"""
    stride: int | Pair | None = None
    """rows and columns between windows; None puts them side by side"""
    weight: float = 1.0
    """of each spike, in the unit of the target's input"""

    KIND: ClassVar[str] = "pooling"
    WHOLE: ClassVar[bool] = True

    def __post_init__(self) -> None:
        shape = sizes(self.input_shape, 3, "input_shape (channels, height, width)")
        object.__setattr__(self, "input_shape", shape)
        object.__setattr__(self, "size", both(self.size, "size"))
        stride = self.size if self.stride is None else self.stride
        object.__setattr__(self, "stride", both(stride, "stride"))
        weight: Any = self.weight
        if not isinstance(weight, int | float | np.number) or not -_MOST <= weight <= _MOST:
            raise ConfigError(f"weight is {self.weight!r}; one finite number is wanted")
        for n, k in zip(shape[1:], self.window, strict=True):
            if k > n:
                raise ConfigError(f"a window of {k} does not fit into {n}")

    @property
    def window(self) -> Pair:
        """Rows and columns of a window."""
        return both(self.size, "size")

    @property
    def steps(self) -> Pair:
        """Rows and columns between windows."""
        return both(self.stride, "stride")

    @property
    def output_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of the target."""
        channels, height, width = self.input_shape
        (rows, columns), (down, right) = self.window, self.steps
        return channels, (height - rows) // down + 1, (width - columns) // right + 1

    @property
    def n_pre(self) -> int:
        """Units of the source."""
        channels, height, width = self.input_shape
        return channels * height * width

    @property
    def n_post(self) -> int:
        """Units of the target."""
        channels, height, width = self.output_shape
        return channels * height * width

    def __len__(self) -> int:
        """Return how many synapses it stands for."""
        return self.n_post * self.window[0] * self.window[1]
