"""Commands that the brain never gave, written into the body's own mailbox.

The mailbox lies in a file without a name that the brain holds open; a process of the same user may
open it again.  It has one writer, so commands are forged while the brain stands still.
"""

import mmap
import os
from pathlib import Path

import numpy as np

from neuroloop.core.command import (
    C_CHECK,
    C_OWNER,
    C_SENT_NS,
    C_SEQUENCE,
    COMMAND_WORDS,
    check_of,
    command,
)
from neuroloop.core.errors import PartError
from neuroloop.core.mailbox import COUNT, HEADER_BYTES
from neuroloop.core.values import Int64s
from neuroloop.runtime.host.memory import Shared, load, store

_NAME = "memfd:neuroloop"
_MOST_BYTES = 1 << 14
"""what a host and its process share besides rings is small"""
WISH_MPS = -0.5
"""of forged commands: nothing else makes this robot drive backwards"""


class Forger:
    """The writer's end of the mailbox of a robot's body."""

    def __init__(self, brain: int) -> None:
        self._box = _mailbox(brain)
        self._words: Int64s = self._box.memory[:HEADER_BYTES].view(np.int64)
        self._newest: Int64s = self._box.memory[HEADER_BYTES:].view(np.int64)

    @property
    def whole(self) -> bool:
        """Whether the brain, which stands still, was not writing a command."""
        return not load(self._words, COUNT) & 1

    def duplicate(self, now_ns: int) -> None:
        """Put the newest command again, with another wish."""
        self._put(0, 0, now_ns)

    def out_of_order(self, now_ns: int) -> None:
        """Put a command that is older than the newest."""
        self._put(0, -100, now_ns)

    def late(self, now_ns: int) -> None:
        """Put the next command, sent a second ago."""
        self._put(0, 1, now_ns - 10**9)

    def stranger(self, now_ns: int) -> None:
        """Put the command of another owner."""
        self._put(2, 1, now_ns)

    def malformed(self, now_ns: int) -> None:
        """Put the next command with a bit that fell over on its way."""
        self._put(0, 1, now_ns, check=1 << 40)

    def not_a_number(self, now_ns: int) -> None:
        """Put the next command with a wish that is none."""
        self._put(0, 1, now_ns, wish=float("nan"))

    def half_written(self) -> None:
        """Leave the mailbox as a writer does that is killed in the midst of a command."""
        store(self._words, COUNT, load(self._words, COUNT) | 1)

    def finished(self) -> None:
        """Finish what is half written, so that the brain can go on."""
        store(self._words, COUNT, load(self._words, COUNT) & ~1)

    def _put(
        self, owner: int, sequence: int, sent_ns: int, *, check: int = 0, wish: float = WISH_MPS
    ) -> None:
        """Put a command; owner and sequence are distances from those of the newest real one."""
        real = self._newest[:COMMAND_WORDS].copy() if not hasattr(self, "_real") else self._real
        self._real = real
        forged = command(
            int(real[C_OWNER]) + owner,
            int(real[C_SEQUENCE]) + sequence,
            sent_ns,
            (wish, wish),
        )
        forged[C_CHECK] ^= check
        self._box.put(forged.view(np.uint8))
