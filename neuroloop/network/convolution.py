"""A convolution as connections: the kernel alone, no synapse of its own for any pair."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroloop.core.errors import ConfigError
from neuroloop.network.connections import MOST_UNITS

Pair = tuple[int, int]

_LARGEST = 4096


@dataclass(frozen=True, eq=False)
class Convolution:
    r"""Two-dimensional convolution from maps to maps, in the convention of PyTorch's ``conv2d``.

    .. math:: out_{o, y, x} = \sum_{c, i, j} kernel_{o, c, i, j} \,
              in_{c, y s_y + i - p_y, x s_x + j - p_x}

    A spike at (c, y, x) adds the flipped kernel around its place to every output map.  Units are
    counted channel by channel, in each row by row: ``unit = (c * height + y) * width + x``, at both
    ends.

    With ``pool``, ``in`` are sums over windows side by side of the source's maps: two layers of a
    network without neurons between them.  What is left over at the right and at the bottom reaches
    nothing.  It is the same as one convolution with larger steps (`weight`, `steps`, `before`).

    Raises
    ------
    ConfigError
        Where the shapes do not fit, or the kernel is not finite.

    Examples
    --------
    >>> edges = Convolution((1, 28, 28), [[[[-1.0, 0.0, 1.0]]]], padding="same")
    >>> edges.output_shape, edges.n_post, len(edges)
    ((1, 28, 28), 784, 2296)
    >>> halved = Convolution((1, 28, 28), [[[[1.0]]]], pool=2)
    >>> halved.output_shape, halved.weight.shape, halved.steps, len(halved)
    ((1, 14, 14), (1, 1, 2, 2), (2, 2), 784)
    """

    input_shape: tuple[int, int, int]
    """channels, height and width of the source"""
    kernel: ArrayLike
    """``float32[out, in, height, width]``, in the unit of the target's input; of pooled maps"""
    stride: int | Pair = (1, 1)
    """rows and columns between outputs"""
    padding: int | Pair | Literal["same"] = (0, 0)
    """rows and columns of nothing around the input; ``same`` makes the output as large as it"""
    pool: int | Pair = (1, 1)
    """rows and columns of the source's maps that are summed before; stride and padding are of the
    sums"""

    KIND: ClassVar[str] = "convolution"
    WHOLE: ClassVar[bool] = True

    def __post_init__(self) -> None:
        shape = sizes(self.input_shape, 3, "input_shape (channels, height, width)")
        object.__setattr__(self, "input_shape", shape)
        object.__setattr__(self, "kernel", _kernel(self.kernel, shape[0]))
        object.__setattr__(self, "stride", both(self.stride, "stride"))
        if self.padding != "same":
            object.__setattr__(self, "padding", both(self.padding, "padding", 0))
        elif self.stride != (1, 1):
            raise ConfigError(f'padding "same" needs a stride of 1, not {self.stride}')
        object.__setattr__(self, "pool", both(self.pool, "pool"))
        self._check_sizes()

    def _check_sizes(self) -> None:
        """Refuse what does not fit together."""
        for n, window in zip(self.input_shape[1:], self.windows, strict=True):
            if window > n:
                raise ConfigError(f"a window of {window} to pool does not fit into {n}")
        _, _, *kernel = np.shape(self.kernel)
        for n, k, before in zip(self.pooled_shape[1:], kernel, self._margin, strict=True):
            if k > _LARGEST:
                raise ConfigError(f"a kernel of {k}; {_LARGEST} rows and columns are the most")
            if before >= k:
                raise ConfigError(f"a padding of {before} for a kernel of {k}; it must be less")
            if n + 2 * before < k and self.padding != "same":
                raise ConfigError(f"a kernel of {k} does not fit into {n} and padding {before}")
        if max(self.n_pre, self.n_post) > MOST_UNITS:
            raise ConfigError(f"{self.n_pre} and {self.n_post} units; at most {MOST_UNITS} fit")

    @property
    def windows(self) -> Pair:
        """Rows and columns that are summed before."""
        return both(self.pool, "pool")

    @property
    def pooled_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of the sums; of the source where nothing is pooled."""
        (channels, height, width), (rows, columns) = self.input_shape, self.windows
        return channels, height // rows, width // columns

    @property
    def covered(self) -> Pair:
        """Rows and columns of the source that lie in whole windows."""
        (_, height, width), (rows, columns) = self.pooled_shape, self.windows
        return height * rows, width * columns

    @property
    def pooled(self) -> "Convolution":
        """The convolution of the sums alone."""
        return Convolution(self.pooled_shape, self.kernel, self.stride, self.padding)

    @property
    def _margin(self) -> Pair:
        """Rows of nothing above the sums, and columns of it to the left."""
        if self.padding == "same":
            _, _, height, width = np.shape(self.kernel)
            return (height - 1) // 2, (width - 1) // 2
        return both(self.padding, "padding", 0)

    @property
    def weight(self) -> NDArray[np.float32]:
        """The kernel as ``float32[out, in, height, width]``, each tap once for a pooled unit."""
        array: NDArray[np.float32] = np.asarray(self.kernel, np.float32)
        for axis, window in zip((2, 3), self.windows, strict=True):
            array = np.repeat(array, window, axis) if window > 1 else array
        return array

    @property
    def steps(self) -> Pair:
        """Rows and columns of the source between outputs."""
        (down, across), (rows, columns) = both(self.stride, "stride"), self.windows
        return down * rows, across * columns

    @property
    def before(self) -> Pair:
        """Rows of nothing above the source, and columns of it to the left."""
        (above, left), (rows, columns) = self._margin, self.windows
        return above * rows, left * columns

    @property
    def output_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of the target."""
        out, _, *kernel = np.shape(self.kernel)
        if self.padding == "same":
            return (out, *self.pooled_shape[1:])
        steps = both(self.stride, "stride")
        rows, columns = (
            (n + 2 * p - k) // s + 1
            for n, p, k, s in zip(self.pooled_shape[1:], self._margin, kernel, steps, strict=True)
        )
        return out, rows, columns

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
        """Return how many synapses it stands for: pairs of an output and an input inside."""
        out, channels, *kernel = self.weight.shape
        taps = 1
        for n, k, s, p, m in zip(
            *(self.covered, kernel, self.steps, self.before, self.output_shape[1:]),
            strict=True,
        ):
            # outputs o whose tap i lies inside: 0 <= o * s + i - p < n
            ends = ((max(-((i - p) // s), 0), min((n - 1 + p - i) // s, m - 1)) for i in range(k))
            taps *= sum(max(last - first + 1, 0) for first, last in ends)
        return int(out * channels * taps)


def _kernel(kernel: ArrayLike, channels: int) -> NDArray[np.float32]:
    try:
        with np.errstate(over="ignore"):
            array: NDArray[np.float32] = np.array(kernel, np.float32)
    except (ValueError, TypeError, OverflowError) as error:
        raise ConfigError(f"a kernel is float32[out, in, height, width]: {error}") from error
    if array.ndim != 4 or not array.size:
        raise ConfigError(f"a kernel is float32[out, in, height, width], not {array.shape}")
    if array.shape[1] != channels:
        raise ConfigError(
            f"the kernel takes {array.shape[1]} channels, but input_shape has {channels}"
        )
    if not np.isfinite(array).all():
        raise ConfigError("the kernel holds a number that is not finite")
    array.flags.writeable = False
    return array


def sizes(given: object, n: int, name: str, least: int = 1) -> Any:
    """Return ``n`` whole numbers as a tuple, or say what is wrong with them."""
    numbers = tuple(given) if isinstance(given, Sequence | np.ndarray) else ()
    whole = all(isinstance(k, int | np.integer) and not isinstance(k, bool) for k in numbers)
    if len(numbers) != n or not whole or min(numbers) < least or max(numbers) > MOST_UNITS:
        raise ConfigError(f"{name} is {given!r}; {n} whole numbers from {least} on are wanted")
    return tuple(int(k) for k in numbers)


def both(given: object, name: str, least: int = 1) -> Pair:
    """Return rows and columns from one number for both, or two."""
    whole = isinstance(given, int | np.integer) and least <= given <= MOST_UNITS
    pair: Pair = sizes((given, given) if whole else given, 2, name, least)
    return pair
