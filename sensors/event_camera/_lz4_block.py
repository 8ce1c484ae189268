"""Blocks of LZ4: literal bytes, then a copy of bytes that came before, again and again.

A token holds both lengths, 4 bits each: 15 of the literals and 15 + 4 of the copy mean that more
bytes of the length follow.  Every length and distance is checked: they come from a file.

Source: Y. Collet, "LZ4 Block Format Description", github.com/lz4/lz4.
"""

import numpy as np

from neuroloop.core.kernel import kernel
from neuroloop.core.native import copy, start_of, u8, u16

BROKEN, FULL = -1, -2

_MORE = 15
_SHORTEST = 4
_STEP = 8
"""bytes that are copied where fewer are wanted; what follows writes over the others.  A load is
fast where a single store wrote all of it, and larger ones seldom are."""
_SAFE = 64
"""more bytes than any copy of short lengths touches"""


@kernel
def block(data, k, end, out, n):
    """Unpack the block from ``k`` to ``end`` of ``data`` behind the first ``n`` bytes of ``out``.

    Returns how many bytes ``out`` has then, `BROKEN` for what is no block, `FULL` where it does
    not fit.
    """
    source, to = start_of(data), start_of(out)
    while k < end:
        k, n = _short(source, k, end - _SAFE, to, n, out.shape[0] - _SAFE)
        token = np.int64(data[k])
        k, literals = _length(data, k + 1, end, token >> 4)
        if literals > min(end - k, out.shape[0] - n):
            return BROKEN if literals > end - k else FULL
        copy(to, n, source, k, literals)
        k, n = k + literals, n + literals
        if k == end:
            return n
        if k + 2 > end:
            return BROKEN
        distance = np.int64(data[k]) | np.int64(data[k + 1]) << 8
        k, length = _length(data, k + 2, end, token & _MORE)
        length += _SHORTEST
        if not 0 < distance <= n or length > out.shape[0] - n:
            return FULL if 0 < distance <= n else BROKEN
        _again(out, n, distance, length)
        n += length
    return BROKEN


@kernel
def _short(source, k, last, to, n, most):
    """Unpack while lengths are short, and the ends of both ``source`` and ``to`` are far away.

    Returns the places in both.  Nearly all of a recording of events is unpacked here.
    """
    while k < last and n < most:
        token = np.int64(u8(source, k, 1)[0])
        literals, length = token >> 4, token & _MORE
        here, after = n + literals, k + 1 + literals
        distance = np.int64(u16(source, after, 1)[0])
        if max(literals, length) == _MORE or distance < _STEP or distance > here:
            break
        copy(to, n, source, k + 1, _STEP)
        if literals > _STEP:
            copy(to, n + _STEP, source, k + 1 + _STEP, _STEP)
        back = here - distance
        copy(to, here, to, back, _STEP)
        copy(to, here + _STEP, to, back + _STEP, _STEP)
        if length > 2 * _STEP - _SHORTEST:
            copy(to, here + 2 * _STEP, to, back + 2 * _STEP, _STEP)
        k, n = after + 2, here + length + _SHORTEST
    return k, n


@kernel
def _length(data, k, end, length):
    """Return where what follows a length begins, and the length."""
    if length == _MORE:
        more = 255
        while more == 255 and k < end:
            more = int(data[k])
            length += more
            k += 1
    return k, length


@kernel
def _again(out, n, distance, length):
    """Copy what lies ``distance`` before ``n``; it may go on into its own copy."""
    to = start_of(out)
    if distance >= length:
        copy(to, n, to, n - distance, length)
    else:
        for j in range(n, n + length):
            out[j] = out[j - distance]
