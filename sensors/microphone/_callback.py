"""What PortAudio calls for each block: compiled code, which needs nothing of the interpreter.

So no block is lost where Python is kept busy; as many as the ring holds wait to be read.
"""

from functools import cache
from typing import Any

import numpy as np
from numba import cfunc, types

from neuroloop.core.native import ADDRESS, address_of, at, copy, i64, now_ns, u8
from neuroloop.core.ring import Ring, drop_all, push
from neuroloop.core.values import Float32s

_CONTINUE, _OVERFLOW = 0, 2
"""of ``PaStreamCallbackResult`` and ``PaStreamCallbackFlags``"""
RING, CAPACITY, MESSAGE, CHANNELS, OVERFLOWS, SIZE = range(6)
"""int64 words of what the callback is given"""
N_BYTES, NUMBER, ARRIVED_NS, LOST_BEFORE, HEADER = range(5)
"""int64 words of a message; samples follow"""
_SIGNATURE = types.int32(
    ADDRESS, ADDRESS, types.uint64, ADDRESS, types.uint64, types.CPointer(types.uint8)
)


def _take(sound: Any, _played: Any, frames: Any, _times: Any, flags: Any, mine: Any) -> Any:
    """Put one block into the ring (``PaStreamCallback``)."""
    arrived = now_ns()
    words = i64(mine, 0, SIZE)
    n_bytes = 4 * np.int64(frames) * words[CHANNELS]
    padded = 8 * HEADER + (n_bytes + 7) // 8 * 8
    message = u8(at(words[MESSAGE]), 0, padded)
    header = i64(at(words[MESSAGE]), 0, HEADER)
    if flags & _OVERFLOW:
        words[OVERFLOWS] += 1
    header[N_BYTES], header[ARRIVED_NS] = padded, arrived
    header[LOST_BEFORE] = words[OVERFLOWS]
    copy(at(words[MESSAGE]), 8 * HEADER, sound, 0, n_bytes)
    push(words[RING], words[CAPACITY], message, padded)
    header[NUMBER] += 1
    return _CONTINUE


@cache
def _compiled() -> Any:
    """Compile it, once a process."""
    return cfunc(_SIGNATURE, nopython=True)(_take)


class Blocks:
    """The memory between PortAudio and `read`: blocks of ``float32[frames, channels]``."""

    def __init__(self, frames: int, channels: int, most: int) -> None:
        self._shape = frames, channels
        message_bytes = 8 * HEADER + (4 * frames * channels + 7) // 8 * 8
        memory = np.zeros(Ring.bytes_for(message_bytes, most), np.uint8)
        self._ring = Ring(memory)
        self._scratch = np.zeros(message_bytes, np.uint8)
        self._message = np.zeros(message_bytes, np.uint8)
        self._given = np.zeros(SIZE, np.int64)
        self._given[RING], self._given[CAPACITY] = self._ring.address, self._ring.capacity
        self._given[MESSAGE], self._given[CHANNELS] = address_of(self._scratch), channels

    def clear(self) -> None:
        """Begin anew, while no stream runs."""
        drop_all(self._ring.address, self._ring.capacity)
        self._scratch[:] = 0
        self._given[OVERFLOWS] = 0

    @property
    def callback(self) -> int:
        """Address of the compiled callback."""
        return int(_compiled().address)

    @property
    def given(self) -> int:
        """Address of what the callback is to be given."""
        return address_of(self._given)

    def take(self) -> tuple[int, int, int, Float32s] | None:
        """Return the oldest block: its number, when it came in ns, overflows so far, samples."""
        n_bytes = self._ring.pop(self._message)
        if n_bytes == 0:
            return None
        header = self._message[: 8 * HEADER].view(np.int64)
        n = self._shape[0] * self._shape[1]
        samples = self._message[8 * HEADER : 8 * HEADER + 4 * n].view(np.float32)
        numbers = (int(header[k]) for k in (NUMBER, ARRIVED_NS, LOST_BEFORE))
        return (*numbers, samples.reshape(self._shape).copy())  # type: ignore[return-value]
