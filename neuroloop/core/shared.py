"""Memory shared with other processes: mapped files in the run's own folder under /dev/shm.

The launcher makes the folder and removes it; an attaching process never does (on Python 3.11 an
attaching child of ``multiprocessing.shared_memory`` removes the segment when it ends).
"""

import mmap
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from neuroloop.core.values import UInt8s

_SHM = Path("/dev/shm")


@contextmanager
def run_folder() -> Iterator[Path]:
    """Make the folder of one run; it is gone afterwards, however the run ended."""
    parent = _SHM if os.access(_SHM, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix=f"neuroloop-{os.getpid()}-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def create(path: Path, n_bytes: int) -> UInt8s:
    """Make a file of zeros and map it: ``uint8[n_bytes]``, page aligned."""
    with path.open("xb") as file:
        file.truncate(n_bytes)
    return attach(path)


def attach(path: Path) -> UInt8s:
    """Map a file that another process made; the map lives as long as the array."""
    with path.open("r+b") as file:
        return np.frombuffer(mmap.mmap(file.fileno(), 0), np.uint8)
