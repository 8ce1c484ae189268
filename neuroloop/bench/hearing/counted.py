"""Sound that counts: each sample is one more than the one before, so that none can be missed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuroloop.core.values import Float32s

_PERIOD = 32_749
"""the largest prime that fits 16 bits; 0 is silence"""
_FULL_SCALE = 32_768


def counting(n: int) -> NDArray[np.int16]:
    """Return ``int16[n, 1]``: 1, 2, 3 ... and from 1 again."""
    return (np.arange(n) % _PERIOD + 1).astype(np.int16)[:, None]


@dataclass(frozen=True)
class Heard:
    """What came of a sound that counts."""

    samples: int
    """that are no silence"""
    lost: int
    doubled: int

    @property
    def whole(self) -> bool:
        """Whether each sample came once."""
        return self.lost == self.doubled == 0


def heard(blocks: list[Float32s], played: int) -> Heard:
    """Return what became of `counting` samples, from blocks ``float32[n, 1]`` as they came."""
    values = np.concatenate(blocks)[:, 0] if blocks else np.empty(0, np.float32)
    numbers = np.rint(values * _FULL_SCALE).astype(np.int64)
    numbers = numbers[numbers != 0]
    steps = (np.diff(numbers) + _PERIOD // 2) % _PERIOD - _PERIOD // 2
    first = int(numbers[0]) - 1 if len(numbers) else 0
    ahead, back = steps[steps > 1] - 1, 1 - steps[steps < 1]
    doubled = int(back.sum())
    end = played - first - len(numbers) + doubled - int(ahead.sum())
    return Heard(len(numbers), first + int(ahead.sum()) + max(end, 0), doubled)
