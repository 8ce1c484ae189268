"""What a way to cameras offers to the thread that uses it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sensors.camera._mode import Mode

Picture = NDArray[Any]
"""``uint8`` or ``uint16``, ``[h, w]`` grey or ``[h, w, 3]`` blue, green, red"""


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """One picture of a camera."""

    picture: NDArray[np.uint8] | Picture
    arrived_us: int
    """by the monotonic clock"""


class Stream(Protocol):
    """An open camera; all but `interrupt` is called by one thread."""

    rate_hz: float
    """what it says of its own rate, 0 where it says nothing"""
    refused: tuple[str, ...]
    """what it would not do, in words"""
    stale: int
    """pictures that were overtaken by newer ones on their way"""
    damaged: int
    """pictures that could not be decoded"""

    def next(self) -> Shot:
        """Wait for the next picture.

        Raises
        ------
        PartError
            Where there will be none.
        """
        ...

    def interrupt(self) -> None:
        """Make `next` return or raise soon, as far as that can be done; any thread may."""
        ...

    def close(self) -> None:
        """Let the camera go."""
        ...


@dataclass(frozen=True)
class Request:
    """How a camera is to be opened."""

    cv2: Any
    mode: Mode
    timeout_s: float
    stopped: Callable[[], bool]
    """whether nobody wants it any more"""


def now_us() -> int:
    """Return the time of the monotonic clock."""
    return time.monotonic_ns() // 1000
