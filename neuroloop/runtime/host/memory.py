"""Memory that a host shares with its process from the start: mailboxes, a heartbeat, counters.

======================== ====================================================================
line 0                   the process's monotonic clock in ns when it last went round
line 1                   how often the host asked to forget the largest ages
then                     mailbox of commands, the host's to write
then                     mailbox of the body's state (`STATE` float64), the process's to write
then, for each sensor    two lines: the process's words, and the host's
======================== ====================================================================

The rings of the sensors are in memory of their own, because their sizes are known later.
"""

import numpy as np

from neuroloop.core.command import COMMAND_BYTES
from neuroloop.core.kernel import kernel
from neuroloop.core.mailbox import COUNT, HEADER_BYTES, TAKEN, Mailbox
from neuroloop.core.native import at, copy, fence, i64, load_acquire, start_of, store_release
from neuroloop.core.values import Int64s, UInt8s

T_US, X, Y, YAW, FORWARD, TURN, LEFT, RIGHT, TOUCHING, TOUCHED_US = range(10)
STATE = 10
"""the body's state: run time; pose; speeds; wishes of the wheels; contact now; its last contact"""

HEARTBEAT, FORGETS = 0, 8
PUSHED, AGE_US, AGE_OF, ENDED, LATENCY_US = 0, 1, 2, 3, 8
"""words of a sensor: readings pushed; their largest age, since ages were forgotten for the
``AGE_OF``-th time; whether a recording is over; and, the host's, when its readings are due"""
SENSOR_WORDS = 16

_LINE = 64
_COMMANDS = 2 * _LINE
_STATE = _COMMANDS + -(-(HEADER_BYTES + COMMAND_BYTES) // _LINE) * _LINE
_SENSORS = _STATE + -(-(HEADER_BYTES + 8 * STATE) // _LINE) * _LINE
_TRIES = 1000


class Shared:
    """The views that both sides use."""

    def __init__(self, memory: UInt8s) -> None:
        self.words: Int64s = memory[:_COMMANDS].view(np.int64)
        commands = memory[_COMMANDS : _COMMANDS + HEADER_BYTES + COMMAND_BYTES]
        self.commands = Mailbox(commands)
        self.state = Mailbox(memory[_STATE : _STATE + HEADER_BYTES + 8 * STATE])
        self._sensors: Int64s = memory[_SENSORS:].view(np.int64)

    @staticmethod
    def bytes_for(sensors: int) -> int:
        """Return the size of the memory for so many sensors."""
        return _SENSORS + 8 * SENSOR_WORDS * sensors

    def sensor(self, number: int) -> Int64s:
        """Return the words of a sensor."""
        return self._sensors[SENSOR_WORDS * number : SENSOR_WORDS * (number + 1)]


@kernel
def glance(box: int, into: UInt8s, seen: int) -> int:
    """Copy a mailbox's newest message out, unless it is number ``seen``; returns its number.

    Unlike `mailbox.take` it never waits: a writer may have been frozen or killed in the midst of a
    message for good, and then this returns ``seen``, and what is in ``into`` means nothing.
    """
    words = i64(at(box), 0, 24)
    for _ in range(_TRIES):
        count: int = load_acquire(words, COUNT)
        if count == seen:
            return seen
        if count & 1:
            continue
        copy(start_of(into), 0, at(box), HEADER_BYTES, len(into))
        fence()
        if load_acquire(words, COUNT) == count:
            store_release(words, TAKEN, count)
            return count
    return seen
