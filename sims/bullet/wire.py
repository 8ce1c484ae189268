"""What the plant and the PyBullet process share: mapped memory and the way to wait on it.

The memory is a file without a name, which the process inherits: nothing can be left behind, however
the two end.

======== ===== ============================================================
bytes
======== ===== ============================================================
0        int64 requests made (the plant's)
64       int64 requests answered (the process's)
128      int64 what is asked, an `Ask`; then `ARGUMENTS` float64 values
256      float64[STATE], see below
512      DATA_BYTES: bearings in, distances out; or the picture out; at first the scene
======== ===== ============================================================

Only one side works at a time, between a request and its answer: the counts hand the memory over.
"""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from neuroloop.core import shared
from neuroloop.core.kernel import kernel
from neuroloop.core.native import load_acquire, now_ns, sleep_until_ns, store_release
from neuroloop.core.values import Float32s, UInt8s

REQUEST, REPLY, ASKED = 0, 8, 16
"""places of the words, in int64"""

ARGUMENTS = 8

T_US, X, Y, YAW, FORWARD, TURN, TOUCHING = range(7)
LEFT, RIGHT, WANT_LEFT, WANT_RIGHT, STATE = range(7, 12)
"""the state: time, pose, speeds, contact, wheel speeds, wished wheel speeds"""

DATA_BYTES = 1 << 24
"""room for the largest picture a body file allows; memory is used only where written"""

KEPT_STATES = 256
"""the newest snapshots are the ones the process can go back to"""

_SPIN_NS = 200_000
_SHORT_NAP_NS = 50_000
_LONG_NAP_NS = 1_000_000
_PATIENCE_NS = 50_000_000


MEMORY_BYTES = 512 + DATA_BYTES


class Ask(IntEnum):
    """What the plant asks the process to do."""

    ADVANCE = 0
    SCAN = 1
    PICTURE = 2
    SAVE = 3
    RESTORE = 4
    PLACE = 5
    STOP = 6


class Wire:
    """The views both sides use."""

    def __init__(self, memory: UInt8s) -> None:
        self.words: NDArray[np.int64] = memory[:136].view(np.int64)
        self.arguments: NDArray[np.float64] = memory[136 : 136 + 8 * ARGUMENTS].view(np.float64)
        self.state: NDArray[np.float64] = memory[256 : 256 + 8 * STATE].view(np.float64)
        self.data: UInt8s = memory[512:]

    def floats(self, count: int) -> Float32s:
        """Return the first ``count`` float32 of the data."""
        floats: Float32s = self.data[: 4 * count].view(np.float32)
        return floats

    def write(self, text: bytes) -> None:
        """Leave a text for the other side."""
        self.arguments[0] = len(text)
        self.data[: len(text)] = np.frombuffer(text, np.uint8)

    def text(self) -> bytes:
        """Return the text that the other side left."""
        return self.data[: int(self.arguments[0])].tobytes()


def attach(number: int) -> Wire:
    """Map the open file ``number``."""
    return Wire(shared.attach(number))


@kernel
def publish(words, place, count):
    """Hand the memory over to the other side."""
    store_release(words, place, count)


@kernel
def wait(words, place, count, for_ns):
    """Wait until the other side has counted to ``count``; returns whether it has in ``for_ns``.

    Spins first, because an answer takes tens of microseconds; then naps, longer as time goes by.
    """
    start = now_ns()
    while True:
        if load_acquire(words, place) >= count:
            return True
        waited = now_ns() - start
        if waited > for_ns:
            return False
        if waited > _SPIN_NS:
            nap = _SHORT_NAP_NS if waited < _PATIENCE_NS else _LONG_NAP_NS
            sleep_until_ns(now_ns() + nap)
