"""From a socket to a ring of stamped events, in compiled code that holds no lock of Python's.

Datagrams are taken many at a time (``recvmmsg``, Linux), decoded where they lie, stamped on this
machine's monotonic clock and put into a ring between one writer and one reader.
"""

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

from neuroloop.core.kernel import kernel
from neuroloop.core.native import load_acquire, now_ns, store_release
from neuroloop.core.values import Int64s, UInt8s
from sensors.event_camera._payload import SPIF, decode
from sensors.event_camera._stamp import stamped

WRITTEN, READ, STOP = 0, 8, 16
"""a cache line each: events ever written (the receiver's), ever read (the reader's), and whether to
stop (the reader's)"""
DATAGRAMS, REFUSED, OUTSIDE, NO_ROOM = range(24, 28)
"""datagrams that came and that were none, events outside of the picture and for which there was no
room: the receiver's"""
CLOCK = 32
"""the first of the words of `_stamp`"""
WORDS = 48

AT_ONCE = 64
"""datagrams of a call"""
LARGEST = 1 << 16
HEADER_WORDS = 8
"""of a ``struct mmsghdr``: the last one holds how long the datagram is"""
_WAIT_FOR_ONE = 0x10000


@intrinsic
def _recvmmsg(_typing, fd, headers):
    """Wait for datagrams; returns how many came, or the error's number below 0."""

    def codegen(context, builder, signature, args):
        i32, void = ir.IntType(32), ir.IntType(8).as_pointer()
        module = builder.module
        call = cgutils.get_or_insert_function(
            module, ir.FunctionType(i32, [i32, void, i32, i32, void]), "recvmmsg"
        )
        errno = cgutils.get_or_insert_function(
            module, ir.FunctionType(i32.as_pointer(), []), "__errno_location"
        )
        to = builder.bitcast(make_array(signature.args[1])(context, builder, args[1]).data, void)
        number = builder.trunc(args[0], i32)
        got = builder.call(call, [number, to, i32(AT_ONCE), i32(_WAIT_FOR_ONE), void(None)])
        error = builder.neg(builder.load(builder.call(errno, [])))
        result = builder.select(builder.icmp_signed("<", got, i32(0)), error, got)
        return builder.sext(result, ir.IntType(64))

    return types.int64(types.int64, headers), codegen


@kernel
def receive(fd, kind, size, state, memory):
    """Receive until told to stop, or until a wait ends without a datagram.

    Parameters
    ----------
    kind
        One of `_payload`.
    size
        Columns and rows of the camera.
    memory
        Headers ``int64[AT_ONCE * HEADER_WORDS]``, the places they point to, the buffer
        ``uint8[AT_ONCE * LARGEST]`` that those point into, the ring's ``int64[n]`` stamps and
        ``uint32[n]`` units, and four arrays ``int64[LARGEST // 4]`` for a datagram's t, x, y, p.

    Returns
    -------
        0, or the number of the error of the operating system below 0.
    """
    headers, _, buffer, ring_t, ring_unit, event = memory
    t, x, y, p = event
    while load_acquire(state, STOP) == 0:
        got = _recvmmsg(fd, headers)
        if got < 0:
            return got
        now_us = now_ns() // 1000
        for m in range(got):
            length = headers[HEADER_WORDS * m + HEADER_WORDS - 1] & 0xFFFFFFFF
            data = buffer[LARGEST * m : LARGEST * m + length]
            n = decode(data, kind, state[CLOCK : CLOCK + 1], t, x, y, p)
            state[DATAGRAMS] += 1
            if n < 0:
                state[REFUSED] += 1
                continue
            stamped(t[:n], kind == SPIF, now_us, state[CLOCK:])
            _push(state, ring_t, ring_unit, n, size, event)
    return 0


@kernel
def _push(state, ring_t, ring_unit, n, size, event):
    """Put events into the ring."""
    t, x, y, p = event
    width, height = size
    written = load_acquire(state, WRITTEN)
    room = ring_t.shape[0] - (written - load_acquire(state, READ))
    place = written % ring_t.shape[0]
    put = outside = 0
    for k in range(n):
        if x[k] >= width or y[k] >= height:
            outside += 1
        elif put < room:
            ring_t[place] = t[k]
            ring_unit[place] = (1 - p[k]) * width * height + y[k] * width + x[k]
            put += 1
            place += 1
            if place == ring_t.shape[0]:
                place = 0
    state[OUTSIDE] += outside
    state[NO_ROOM] += n - outside - put
    store_release(state, WRITTEN, written + put)


@kernel
def waiting(state):
    """Return how many events wait in the ring."""
    return load_acquire(state, WRITTEN) - load_acquire(state, READ)


@kernel
def take(state, ring_t, ring_unit, before_us, t, unit):
    """Move the events stamped before a time out of the ring; returns how many there were."""
    read = load_acquire(state, READ)
    n = min(load_acquire(state, WRITTEN) - read, t.shape[0])
    place = read % ring_t.shape[0]
    taken = 0
    while taken < n and ring_t[place] < before_us:
        t[taken], unit[taken] = ring_t[place], ring_unit[place]
        taken += 1
        place += 1
        if place == ring_t.shape[0]:
            place = 0
    store_release(state, READ, read + taken)
    return taken


@kernel
def stop(state):
    """Tell the receiver to stop."""
    store_release(state, STOP, 1)


def headers_of(buffer: UInt8s) -> tuple[Int64s, Int64s]:
    """Return ``AT_ONCE`` message headers and the places they point to, ``LARGEST`` bytes each."""
    places = np.zeros((AT_ONCE, 2), np.int64)
    places[:, 0] = buffer.ctypes.data + LARGEST * np.arange(AT_ONCE)
    places[:, 1] = LARGEST
    headers = np.zeros((AT_ONCE, HEADER_WORDS), np.int64)
    headers[:, 2] = places.ctypes.data + places.itemsize * 2 * np.arange(AT_ONCE)
    headers[:, 3] = 1
    return headers.reshape(-1), places
