"""What comes in over a connection."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """What came in."""

    topic: str
    payload: bytes
    retained: bool
    """whether the broker kept it from before; such a message says nothing of the present"""
    arrived_us: int
    """monotonic clock"""


Handler = Callable[[Message], None]
"""called on the connection's thread: it must not wait"""


def now_us() -> int:
    """Return the brain's clock, which commands and answers carry."""
    return time.monotonic_ns() // 1000
