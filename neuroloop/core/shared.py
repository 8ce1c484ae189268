"""Memory shared with other processes: a mapped file that has no name.

The launcher makes it and a child inherits its number, so nothing can be left behind, however the
two end.  ``multiprocessing.shared_memory`` is not used: on Python 3.11 an attaching child removes
the segment when it ends.
"""

import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from neuroloop.core.kernel import kernel
from neuroloop.core.native import load_acquire, store_release
from neuroloop.core.values import Int64s, UInt8s


@contextmanager
def anonymous_file(n_bytes: int) -> Iterator[int]:
    """Make a file of zeros and yield its number; what maps it or inherits it keeps it alive."""
    number = os.memfd_create("neuroloop")
    try:
        os.ftruncate(number, n_bytes)
        yield number
    finally:
        os.close(number)


def attach(number: int) -> UInt8s:
    """Map the whole of an open file, page aligned; the map lives as long as the array."""
    return np.frombuffer(mmap.mmap(number, 0), np.uint8)


@kernel
def load(words: Int64s, place: int) -> int:
    """Read a word that the other side may write."""
    value: int = load_acquire(words, place)
    return value


@kernel
def store(words: Int64s, place: int, value: int) -> None:
    """Write a word that the other side reads."""
    store_release(words, place, value)
