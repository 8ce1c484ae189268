"""What a layout needs to know of a projection's synapses; each is one compiled pass over them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroloop.core.kernel import kernel
from neuroloop.core.native import lowest
from neuroloop.core.ports import Bundle

SHORT_TARGETS = 1 << 16
"""so many targets can be named in 16 bits"""
_BLOCK = 4096
MOST_STEPS = 1 << 14
"""weights are kept as whole multiples of a step where none has as many"""


@dataclass(frozen=True)
class Grid:
    """Weights as whole multiples of one step: ``weight = q * step`` with ``low <= q <= high``."""

    step: float
    """a power of two, so that sums of few enough steps are exact in float32; or the one weight"""
    low: int
    high: int

    @property
    def bits(self) -> int:
        """Bits that hold ``q - low``."""
        return (self.high - self.low).bit_length()

    @property
    def most(self) -> int:
        """The largest ``abs(q)``."""
        return max(abs(self.low), abs(self.high))


@kernel
def _same(values):
    """Whether all elements are the first one."""
    j = 1
    while j < values.shape[0] and values[j] == values[0]:
        j += 1
    return j >= values.shape[0]


@kernel
def _grid(weight, words):
    """Return the exponent of the finest bit in use, the least and the greatest weight.

    ``words`` are the bits of ``weight``; it stops where no packing could hold both.
    """
    finest, low, high = 200, np.float32(0), np.float32(0)
    for first in range(0, weight.shape[0], _BLOCK):
        block, bits = weight[first : first + _BLOCK], words[first : first + _BLOCK]
        for j in range(block.shape[0]):
            if bits[j] & np.uint32(0x7FFFFFFF):
                power = np.int64((bits[j] >> np.uint32(23)) & np.uint32(0xFF))
                digits = np.uint64(bits[j] & np.uint32(0x7FFFFF))
                if power > 0:
                    digits |= np.uint64(0x800000)
                power = max(power, np.int64(1))
                finest = min(finest, power - 150 + lowest(digits))
            low, high = min(low, block[j]), max(high, block[j])
        if max(high, -low) * 2.0**-finest >= MOST_STEPS:
            break
    return finest, low, high


@kernel
def _repeats(start, post):
    """Whether a source reaches a target twice; rows are sorted."""
    for i in range(start.shape[0] - 1):
        row = post[start[i] : start[i + 1]]
        for j in range(1, row.shape[0]):
            if row[j] == row[j - 1]:
                return True
    return False


def one_weight(bundle: Bundle) -> float | None:
    """Return the weight, where all synapses have the same."""
    weight = bundle.connections.weight
    if not len(weight):
        return 0.0
    return float(weight[0]) if bundle.connections.constant or _same(weight) else None


def one_delay(bundle: Bundle) -> int | None:
    """Return the delay in ticks, where all synapses have the same."""
    delay = bundle.delay
    if not len(delay):
        return 0
    return int(delay[0]) if delay.strides == (0,) or _same(delay) else None


def grid(bundle: Bundle) -> Grid | None:
    """Return the grid on which all weights lie without loss, if none is of `MOST_STEPS`."""
    single = one_weight(bundle)
    if single is not None:
        return Grid(single, 1, 1) if single else Grid(1.0, 0, 0)
    weight = np.ascontiguousarray(bundle.connections.weight)
    finest, low, high = _grid(weight, weight.view(np.uint32))
    step = 2.0**finest
    if max(high, -low) >= MOST_STEPS * step or finest < np.finfo(np.float32).minexp:
        return None
    return Grid(step, int(low / step), int(high / step))


def multapses(bundle: Bundle) -> bool:
    """Whether a source reaches some target more than once."""
    return bool(_repeats(bundle.connections.start, bundle.connections.post))


def starts(bundle: Bundle) -> NDArray[np.int64]:
    """Return where each source's row begins, with a row for every source, ``int64[n_pre + 1]``."""
    given: NDArray[np.int64] = bundle.connections.start
    return np.concatenate([given, np.full(bundle.n_pre + 1 - len(given), given[-1])])


def targets(bundle: Bundle) -> NDArray[Any]:
    """Return the targets in 16 bits where these are enough, else in 32."""
    post: NDArray[np.uint32] = bundle.connections.post
    return post.astype(np.uint16) if short(bundle) else post


def short(bundle: Bundle) -> bool:
    """Whether 16 bits name every target."""
    return bundle.n_post <= SHORT_TARGETS


def width(n_post: int) -> int:
    """Return the numbers in a slot of the target's input: whole lines of memory."""
    return (n_post + 63) // 64 * 64
