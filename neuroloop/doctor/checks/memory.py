"""Locked memory, and the memory that processes share."""

import ctypes
import mmap
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from neuroloop.doctor.finding import Finding, note, ok
from neuroloop.doctor.remedy import as_root, limit

_SHM = Path("/dev/shm")
_LOCK_BYTES = 64 << 20
_LITTLE_BYTES = 64 << 20


def findings() -> Iterator[Finding]:
    """Lock some memory, write some shared memory, and give both back."""
    if not sys.platform.startswith("linux"):
        yield note("mlock", "Linux only; simulation does without")
        return
    yield _mlock()
    yield _shared()


def _mlock() -> Finding:
    libc = ctypes.CDLL(None, use_errno=True)
    with mmap.mmap(-1, _LOCK_BYTES) as block:
        start = ctypes.c_char.from_buffer(block)
        address, size = ctypes.c_void_p(ctypes.addressof(start)), ctypes.c_size_t(_LOCK_BYTES)
        refused = libc.mlock(address, size) != 0
        why = os.strerror(ctypes.get_errno())
        libc.munlock(address, size)
        del start  # a map with a view of it cannot be closed
    if refused:
        detail = f"64 MiB refused ({why}): under pressure live memory may be paged out"
        return note("mlock", detail, limit("memlock", "unlimited"))
    return ok("mlock", "64 MiB granted")


def _shared() -> Finding:
    try:
        with tempfile.TemporaryFile(dir=_SHM) as file:
            file.write(bytes(mmap.PAGESIZE))
    except OSError as error:
        remedy = as_root("mount -t tmpfs -o mode=1777 tmpfs /dev/shm")
        return note(str(_SHM), f"not writable ({error.strerror}): files are used instead", remedy)
    free = shutil.disk_usage(_SHM).free
    detail = f"writable, {free / 2**20:,.0f} MiB free"
    if free < _LITTLE_BYTES:
        remedy = as_root("mount -o remount,size=1g /dev/shm") + " (a container: --shm-size=1g)"
        return note(str(_SHM), detail, remedy, free_bytes=free)
    return ok(str(_SHM), detail, free_bytes=free)
