"""How events are written in datagrams.

=================== ==============================================================================
``spif``            32-bit words: bit 31 set where no time follows (else a word of time does, which
                    is passed over), 15 bits of x, the polarity, 15 bits of y
``t64_x16_y16_on8`` 13 bytes: time in microseconds, x, y, polarity (0 or 1)
``t32_x16_y15_on1`` 8 bytes: the same; the polarity is the lowest bit of what holds y
=================== ==============================================================================

All are little-endian, and have neither a header nor a number that counts datagrams.

Sources: SpiNNakerManchester/spif, "spiffer"; aestream/faery, "udp_encoder".
"""

import numpy as np

from neuroloop.core.kernel import kernel

SPIF, T64, T32 = range(3)
FORMATS = {"spif": SPIF, "t64_x16_y16_on8": T64, "t32_x16_y15_on1": T32}
EVENT_BYTES = {SPIF: 4, T64: 13, T32: 8}
UNSTAMPED = {SPIF}
"""kinds whose events are stamped when they come"""

_FARTHEST_US = 1 << 60


@kernel
def _bytes(data, at, n):
    """Return the number in ``n`` bytes."""
    value = np.int64(0)
    for k in range(n):
        value |= np.int64(data[at + k]) << (8 * k)
    return value


@kernel
def decode(data, kind, clock, t, x, y, p):
    """Write the events of one datagram, ``uint8[n]``.

    Parameters
    ----------
    clock
        ``int64[1]``: last time of the sender's clock, which those of 32 bits go on from.
    t, x, y, p
        ``int64`` each, with room for one event in four bytes.

    Returns
    -------
        How many events there are; -1 where the datagram cannot be one of this kind.
    """
    size = 4 if kind == SPIF else 13 if kind == T64 else 8
    if data.shape[0] == 0 or data.shape[0] % size != 0:
        return -1
    if kind == SPIF:
        return _spif(data, t, x, y, p)
    for k in range(data.shape[0] // size):
        at = k * size
        if kind == T64:
            stamp = _bytes(data, at, 8)
            x[k], y[k], p[k] = _bytes(data, at + 8, 2), _bytes(data, at + 10, 2), data[at + 12]
            if stamp < 0 or stamp > _FARTHEST_US or p[k] > 1:
                return -1
        else:
            # the difference to the last one, as a signed number of 32 bits
            passed = (_bytes(data, at, 4) - clock[0]) & 0xFFFFFFFF
            stamp = clock[0] + passed - ((passed >> 31) << 32)
            row = _bytes(data, at + 6, 2)
            x[k], y[k], p[k] = _bytes(data, at + 4, 2), row >> 1, row & 1
        t[k] = clock[0] = stamp
    return data.shape[0] // size


@kernel
def _spif(data, t, x, y, p):
    n = at = 0
    while at < data.shape[0]:
        word = _bytes(data, at, 4)
        t[n] = 0
        x[n], p[n], y[n] = (word >> 16) & 0x7FFF, (word >> 15) & 1, word & 0x7FFF
        n += 1
        at += 4 if word >> 31 else 8
    return n if at == data.shape[0] else -1
