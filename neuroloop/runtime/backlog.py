"""What waits in a ring, as bytes: how many bytes it has ever seen is not part of it."""

import struct

import numpy as np

from neuroloop.core.errors import ConfigError
from neuroloop.core.message import MESSAGE_BYTES, MESSAGE_WORDS, N_BYTES, SIZE
from neuroloop.core.ring import DROPPED, HEADER_BYTES, READ, WRITTEN, Ring
from neuroloop.core.values import Int64s

_HEAD = struct.Struct("<qq")
"""messages dropped, and bytes of those that wait"""


def waiting_bytes(ring: Ring) -> int:
    """Return how much of a ring is taken, for its writer: the reader may just be making room."""
    words = _words(ring)
    return int(words[WRITTEN] - words[READ])


def kept(ring: Ring) -> bytes:
    """Copy what waits, between two ticks."""
    words, cells = _words(ring), ring.memory[HEADER_BYTES:]
    found = []
    at, end = int(words[READ]), int(words[WRITTEN])
    while at < end:
        place = at % ring.capacity
        size = int(cells[place : place + 8].view(np.int64)[0])
        if size > 0:
            found.append(cells[place : place + size].tobytes())
        at += abs(size)
    content = b"".join(found)
    return _HEAD.pack(int(words[DROPPED]), len(content)) + content


def taken(state: memoryview, capacity: int) -> tuple[memoryview, memoryview]:
    """Part what `kept` returned from what follows it, and see whether a ring can take it.

    Raises
    ------
    ConfigError
        Where it is cut short, is no row of messages, or is more than the ring holds.
    """
    if len(state) < _HEAD.size:
        raise ConfigError("the snapshot is truncated or belongs to another loop")
    _, n_bytes = _HEAD.unpack_from(state)
    end = _HEAD.size + n_bytes
    if not 0 <= n_bytes <= min(capacity, len(state) - _HEAD.size) or n_bytes % 8:
        raise ConfigError("the snapshot is truncated or belongs to another loop")
    words = np.frombuffer(state, np.int64, n_bytes // 8, _HEAD.size)
    at = 0
    while at < len(words):
        head = words[at : at + MESSAGE_WORDS].tolist()
        fits = len(head) == MESSAGE_WORDS and head[SIZE] <= 8 * (len(words) - at)
        if not fits or head[SIZE] % 8 or not 0 <= head[N_BYTES] <= head[SIZE] - MESSAGE_BYTES:
            raise ConfigError("the snapshot is damaged: what waits in a ring is no message")
        at += head[SIZE] // 8
    return state[:end], state[end:]


def refill(ring: Ring, state: memoryview) -> None:
    """Let the messages wait, and nothing else; `taken` has looked at them."""
    words = _words(ring)
    dropped, n_bytes = _HEAD.unpack_from(state)
    words[WRITTEN] = words[READ] = 0
    words[DROPPED] = dropped
    content = np.frombuffer(state[_HEAD.size :], np.uint8)
    ring.memory[HEADER_BYTES : HEADER_BYTES + n_bytes] = content
    words[WRITTEN] = n_bytes


def _words(ring: Ring) -> Int64s:
    return ring.memory[:HEADER_BYTES].view(np.int64)
