"""LZ4 frames, unpacked into memory that is there already, every checksum that they have checked.

A frame is a magic number, flags, the largest size of a block, perhaps the size of the content, a
checksum of these; then blocks after their sizes, until a size of 0; then perhaps a checksum.

Source: Y. Collet, "LZ4 Frame Format Description", github.com/lz4/lz4.
"""

import numpy as np

from neuroloop.core.kernel import kernel
from neuroloop.core.native import copy, start_of
from sensors.event_camera._lz4_block import BROKEN, FULL, block
from sensors.event_camera._xxh32 import xxh32

__all__ = ["BROKEN", "FULL", "unpack"]

_MAGIC = 0x184D2204
_DICTIONARY, _CHECKED, _SIZED, _BLOCKS_CHECKED = 1, 1 << 2, 1 << 3, 1 << 4
_FLAGS, _DESCRIBED = 4, 6
"""where the flags are, and what follows them and the size of blocks"""
_SIZE = 4
"""bytes of a size, and of a checksum"""
_PLAIN = 1 << 31
"""a bit of a block's size"""


@kernel
def unpack(data, out):
    """Unpack a frame, ``uint8[n]``, into ``out``.

    Returns how many bytes it has, `BROKEN` for what is none, `FULL` where they do not fit.
    """
    flags = _described(data)
    if flags < 0:
        return BROKEN
    k, n = _DESCRIBED + 1 + (8 if flags & _SIZED else 0), 0
    checksum = _SIZE if flags & _BLOCKS_CHECKED else 0
    while k + _SIZE <= data.shape[0]:
        size = _number(data, k)
        plain, size, k = size & _PLAIN, size & ~_PLAIN, k + _SIZE
        if size == 0:
            good = _good(out[:n], data, k, flags & _CHECKED)
            if flags & _SIZED:
                good &= n == _number(data, _DESCRIBED) | _number(data, _DESCRIBED + _SIZE) << 32
            return n if good else BROKEN
        end = k + size
        if end > data.shape[0] or not _good(data[k:end], data, end, checksum):
            return BROKEN
        n = _stored(data, k, size, out, n) if plain else block(data, k, end, out, n)
        if n < 0:
            return n
        k = end + checksum
    return BROKEN


@kernel
def _described(data):
    """Return the flags at the start of a frame, `BROKEN` where there are none that are known."""
    if data.shape[0] < _DESCRIBED + 1 or _number(data, 0) != _MAGIC:
        return BROKEN
    flags = np.int64(data[_FLAGS])
    end = _DESCRIBED + (8 if flags & _SIZED else 0)
    if flags >> 6 != 1 or flags & _DICTIONARY or data.shape[0] <= end:
        return BROKEN
    return flags if (xxh32(data[_FLAGS:end]) >> 8) & 0xFF == data[end] else BROKEN


@kernel
def _good(content, data, k, checked):
    """Whether the checksum at a place is that of the content, if there is one."""
    if not checked:
        return True
    return k + _SIZE <= data.shape[0] and _number(data, k) == xxh32(content)


@kernel
def _number(data, k):
    value = np.int64(0)
    for j in range(_SIZE):
        value |= np.int64(data[k + j]) << (8 * j)
    return value


@kernel
def _stored(data, k, size, out, n):
    """Copy a block that is not packed; returns the same as `block`."""
    if size > out.shape[0] - n:
        return FULL
    copy(start_of(out), n, start_of(data), k, size)
    return n + size
