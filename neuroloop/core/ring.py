"""A ring of messages between one writer and one reader, in any memory they share.

Memory: three 64-byte lines of int64 words, then the cells.

======= =====================================================
word 0  bytes ever written (the writer's)
word 8  bytes ever read (the reader's)
word 16 messages dropped because the ring was full (the writer's)
======= =====================================================

A message starts with its own length in bytes, an int64, a multiple of 8.  It never wraps: where it
would, a negative length tells the reader to go on at the start.
"""

import numpy as np

from neuroloop.core.kernel import kernel
from neuroloop.core.native import (
    address_of,
    at,
    copy,
    i64,
    load_acquire,
    start_of,
    store_release,
)
from neuroloop.core.values import UInt8s

HEADER_BYTES = 192
WRITTEN, READ, DROPPED = 0, 8, 16


@kernel
def push(ring, capacity, message, n_bytes):
    """Append ``message[:n_bytes]``; returns whether there was room."""
    words = i64(at(ring), 0, 24)
    written = load_acquire(words, WRITTEN)
    position = written % capacity
    room = capacity - position
    skip = room if n_bytes > room else 0
    if written + skip + n_bytes - load_acquire(words, READ) > capacity:
        store_release(words, DROPPED, load_acquire(words, DROPPED) + 1)
        return False
    if skip > 0:
        i64(at(ring), HEADER_BYTES + position, 1)[0] = -skip
        position = 0
    copy(at(ring), HEADER_BYTES + position, start_of(message), 0, n_bytes)
    store_release(words, WRITTEN, written + skip + n_bytes)
    return True


@kernel
def peek(ring, capacity):
    """Return the address of the oldest message, 0 where there is none."""
    words = i64(at(ring), 0, 24)
    read = load_acquire(words, READ)
    if read >= load_acquire(words, WRITTEN):
        return 0
    length = i64(at(ring), HEADER_BYTES + read % capacity, 1)[0]
    if length < 0:
        read -= length
        store_release(words, READ, read)
        if read >= load_acquire(words, WRITTEN):
            return 0
    return ring + HEADER_BYTES + read % capacity


@kernel
def advance(ring, n_bytes):
    """Give the oldest message's ``n_bytes`` back to the writer."""
    words = i64(at(ring), 0, 24)
    store_release(words, READ, load_acquire(words, READ) + n_bytes)


@kernel
def pop(ring, capacity, into):
    """Copy the oldest message out and drop it; returns its length, 0 where there is none."""
    message = peek(ring, capacity)
    if message == 0:
        return 0
    n_bytes = i64(at(message), 0, 1)[0]
    copy(start_of(into), 0, at(message), 0, n_bytes)
    advance(ring, n_bytes)
    return n_bytes


@kernel
def drop_all(ring, capacity):
    """Drop every message that waits; only the reader may."""
    message = peek(ring, capacity)
    while message != 0:
        advance(ring, i64(at(message), 0, 1)[0])
        message = peek(ring, capacity)


@kernel
def lose(ring, n):
    """Count ``n`` more as dropped; only the writer may."""
    words = i64(at(ring), 0, 24)
    store_release(words, DROPPED, load_acquire(words, DROPPED) + n)


@kernel
def dropped(ring):
    """Return how many messages were lost because the ring was full, or what was counted so."""
    return load_acquire(i64(at(ring), 0, 24), DROPPED)


@kernel
def _empty(ring):
    words = i64(at(ring), 0, 24)
    return load_acquire(words, READ) >= load_acquire(words, WRITTEN)


class Ring:
    """One end of a ring; the memory outlives it (``uint8[192 + capacity]``, 8-byte aligned)."""

    def __init__(self, memory: UInt8s) -> None:
        self.memory = memory
        self.address = address_of(memory)
        self.capacity = (len(memory) - HEADER_BYTES) // 8 * 8

    @staticmethod
    def bytes_for(message_bytes: int, messages: int) -> int:
        """Return the memory a ring of ``messages`` messages needs.

        A message may not be longer than half the room, or it might never fit where the end comes.
        """
        return HEADER_BYTES + (message_bytes + 7) // 8 * 8 * max(messages, 2)

    def push(self, message: UInt8s) -> bool:
        """Append a whole message; False, and counted, where the ring is full."""
        return bool(push(self.address, self.capacity, message, len(message)))

    def pop(self, into: UInt8s) -> int:
        """Take the oldest message; returns its length, 0 where there is none."""
        return int(pop(self.address, self.capacity, into))

    @property
    def empty(self) -> bool:
        """Whether nothing waits."""
        return bool(_empty(self.address))

    @property
    def dropped(self) -> int:
        """Messages lost because the ring was full."""
        return int(dropped(self.address))


def empty_ring(message_bytes: int, messages: int) -> Ring:
    """Return a ring in this process's own memory."""
    return Ring(np.zeros(Ring.bytes_for(message_bytes, messages), np.uint8))
