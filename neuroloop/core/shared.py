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

from neuroloop.core.values import UInt8s


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
