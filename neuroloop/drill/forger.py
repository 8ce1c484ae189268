"""Commands that the brain never gave, written into the body's own mailbox.

The mailbox lies in a file without a name that the brain holds open; a process of the same user may
open it again.  It has one writer, so commands are forged while the brain stands still.
"""

import mmap
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neuroloop.core.command import C_CHECK, C_OWNER, C_SEQUENCE, COMMAND_WORDS, command
from neuroloop.core.errors import PartError
from neuroloop.core.mailbox import COUNT, HEADER_BYTES
from neuroloop.core.shared import load, store
from neuroloop.core.values import Int64s, UInt8s
from neuroloop.runtime.host.memory import Shared

_NAME = "memfd:neuroloop"
_MOST_BYTES = 1 << 14
"""what a host and its process share besides rings is small"""
WISH_MPS = -0.5
"""of forged commands: nothing else makes the drills' robot drive backwards"""


@dataclass(frozen=True)
class Forgery:
    """In what a forged command differs from the one that would be good now."""

    owner: int = 0
    sequence: int = 1
    """distance from the newest real command"""
    sent_ago_s: float = 0.0
    wish_mps: float = WISH_MPS
    check: int = 0
    """bits of the check word that fell over"""


class Forger:
    """The writer's end of the mailbox of a robot's body; `look` before the first `put`."""

    def __init__(self, brain: int) -> None:
        memory = _shared(brain)
        self._box = Shared(memory).commands
        self._words: Int64s = self._box.memory[:HEADER_BYTES].view(np.int64)
        self._newest: Int64s = self._box.memory[HEADER_BYTES:].view(np.int64)
        self._real = np.zeros(COMMAND_WORDS, np.int64)

    def look(self) -> bool:
        """Take note of the newest real command; False where it is being written just now."""
        self._real = self._newest[:COMMAND_WORDS].copy()
        return not load(self._words, COUNT) & 1

    def put(self, forgery: Forgery) -> None:
        """Put a forged command where the newest one was."""
        forged = command(
            int(self._real[C_OWNER]) + forgery.owner,
            int(self._real[C_SEQUENCE]) + forgery.sequence,
            time.monotonic_ns() - round(forgery.sent_ago_s * 1e9),
            (forgery.wish_mps, forgery.wish_mps),
        )
        forged[C_CHECK] ^= forgery.check
        self._box.put(forged.view(np.uint8))

    def half_write(self) -> None:
        """Leave the mailbox as a writer does that is killed in the midst of a command."""
        store(self._words, COUNT, load(self._words, COUNT) | 1)

    def finish(self) -> None:
        """Make it whole again, so that the brain can go on."""
        store(self._words, COUNT, load(self._words, COUNT) & ~1)


def _shared(brain: int) -> UInt8s:
    """Map what a run shares with its body: of such files the one in which commands were put."""
    for link in Path(f"/proc/{brain}/fd").iterdir():
        if _NAME not in str(link.readlink()) or link.stat().st_size > _MOST_BYTES:
            continue
        with link.open("r+b") as file:
            memory: UInt8s = np.frombuffer(mmap.mmap(file.fileno(), 0), np.uint8)
        words: Int64s = Shared(memory).commands.memory[:HEADER_BYTES].view(np.int64)
        if load(words, COUNT):
            return memory
    raise PartError("the mailbox of the body was not found among the open files of the run")
