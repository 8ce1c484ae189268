"""The checksum of LZ4 frames: the 32-bit xxHash.

Source: Y. Collet, "xxHash fast digest algorithm", github.com/Cyan4973/xxHash.
"""

import numpy as np

from neuroloop.core.kernel import inline, kernel
from neuroloop.core.native import start_of, u32

_P1, _P2, _P3, _P4, _P5 = map(np.uint32, (2654435761, 2246822519, 3266489917, 668265263, 374761393))
_START = np.array([int(_P1) + int(_P2), int(_P2), 0, -int(_P1)]).astype(np.uint32)
_LANE = 4
"""bytes; four of them are taken at a time"""


@kernel
def xxh32(data):
    """Return the hash of ``uint8[n]`` with seed 0."""
    n, k, base = data.shape[0], 0, start_of(data)
    total = _P5
    if n >= 4 * _LANE:
        a, b, c, d = _START[0], _START[1], _START[2], _START[3]
        while k + 4 * _LANE <= n:
            a = _round(a, _word(base, k))
            b = _round(b, _word(base, k + _LANE))
            c = _round(c, _word(base, k + 2 * _LANE))
            d = _round(d, _word(base, k + 3 * _LANE))
            k += 4 * _LANE
        total = np.uint32(_turned(a, 1) + _turned(b, 7) + _turned(c, 12) + _turned(d, 18))
    total = np.uint32(total + np.uint32(n))
    while k + _LANE <= n:
        total = np.uint32(_turned(np.uint32(total + _word(base, k) * _P3), 17) * _P4)
        k += _LANE
    while k < n:
        total = np.uint32(_turned(np.uint32(total + np.uint32(data[k]) * _P5), 11) * _P1)
        k += 1
    total = np.uint32((total ^ (total >> np.uint32(15))) * _P2)
    total = np.uint32((total ^ (total >> np.uint32(13))) * _P3)
    return np.int64(total ^ (total >> np.uint32(16)))


@inline
def _word(base, k):
    return u32(base, k, 1)[0]


@inline
def _round(total, word):
    return np.uint32(_turned(np.uint32(total + word * _P2), 13) * _P1)


@inline
def _turned(word, by):
    """Turn a word left by bits."""
    return np.uint32(word << np.uint32(by) | word >> np.uint32(32 - by))
