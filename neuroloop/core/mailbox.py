"""A mailbox of one message between one writer and one reader: the newest wins, losses are counted.

Memory: three 64-byte lines of int64 words, then the message.

======= =======================================================================
word 0  twice the number of messages written, odd while one is being written
word 8  the count the reader took last (the reader's)
word 16 messages replaced before they were taken (the writer's)
======= =======================================================================
"""

import numpy as np

from neuroloop.core.kernel import kernel
from neuroloop.core.native import (
    address_of,
    at,
    copy,
    fence,
    i64,
    load_acquire,
    start_of,
    store_release,
)
from neuroloop.core.values import UInt8s

HEADER_BYTES = 192
COUNT, TAKEN, REPLACED = 0, 8, 16
_TRIES = 1000


@kernel
def put(box, message):
    """Write a message over the last one."""
    words = i64(at(box), 0, 24)
    count = load_acquire(words, COUNT)
    if count != load_acquire(words, TAKEN):
        store_release(words, REPLACED, load_acquire(words, REPLACED) + 1)
    store_release(words, COUNT, count + 1)
    fence()
    copy(at(box), HEADER_BYTES, start_of(message), 0, len(message))
    store_release(words, COUNT, count + 2)


@kernel
def take(box, into):
    """Copy the newest message out; returns whether it is one that was not taken before.

    Where the writer is at it all the time, or died in the middle of a message, none is taken, and
    ``into`` may hold a part of one.
    """
    words = i64(at(box), 0, 24)
    for _ in range(_TRIES):
        before = load_acquire(words, COUNT)
        if before & 1:
            continue
        copy(start_of(into), 0, at(box), HEADER_BYTES, len(into))
        fence()
        if load_acquire(words, COUNT) == before:
            fresh = before != load_acquire(words, TAKEN)
            store_release(words, TAKEN, before)
            return fresh
    return False


@kernel
def _replaced(box):
    return load_acquire(i64(at(box), 0, 24), REPLACED)


def empty_mailbox(n_bytes: int) -> "Mailbox":
    """Return a mailbox in this process's own memory."""
    return Mailbox(np.zeros((HEADER_BYTES + n_bytes + 7) // 8, np.int64).view(np.uint8))


class Mailbox:
    """One end of a mailbox; the memory outlives it (``uint8[192 + n]``, 8-byte aligned)."""

    def __init__(self, memory: UInt8s) -> None:
        self.memory = memory
        self.address = address_of(memory)

    def put(self, message: UInt8s) -> None:
        """Write ``uint8[n]`` over the last message."""
        put(self.address, message)

    def take(self, into: UInt8s) -> bool:
        """Copy the newest message into ``uint8[n]``; True where it is whole and a new one."""
        return bool(take(self.address, into))

    @property
    def replaced(self) -> int:
        """Messages that were overwritten before the reader took them."""
        return int(_replaced(self.address))
