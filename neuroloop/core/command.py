"""A command on its way to a body, and the gate in the body that decides which ones count.

In shared memory a command is ``int64[COMMAND_WORDS]``; over a network the same fields travel in
another form.  A body obeys the newest valid command, and where none has come for the time its file
says (``watchdog_ms``) it stops its motors by itself.  No command can change that time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum, unique

import numpy as np

from neuroloop.core.values import Int64s

(
    C_VERSION,
    C_OWNER,
    C_SEQUENCE,
    C_SENT_NS,
    C_T_US,
    C_POWER,
    C_CHANNELS,
    C_CHECK,
    C_VALUES,
) = range(9)
"""
``C_OWNER``: a number drawn at the start of a run; ``C_SEQUENCE``: goes up by one a command.
``C_SENT_NS``: monotonic clock of the machine; ``C_T_US``: run time of the tick.
``C_POWER``: 0 where the motors may lose their power.
``C_CHECK``: exclusive or of all other words.
``C_VALUES``: wanted value of each channel, float64 bits.
"""
MOST_CHANNELS = 8
COMMAND_WORDS = C_VALUES + MOST_CHANNELS
COMMAND_BYTES = 8 * COMMAND_WORDS
VERSION = 1


@unique
class Verdict(IntEnum):
    """What a gate made of a command."""

    TAKEN = 0
    MALFORMED = 1
    """another version, a wrong check word, no owner, a negative number, a wrong number of channels,
    or what is no number"""
    STRANGER = 2
    """of another owner than the one that holds the body"""
    DUPLICATE = 3
    """seen before"""
    OUT_OF_ORDER = 4
    """older than one that was taken"""
    LATE = 5
    """sent longer ago than the body's watchdog waits"""


@dataclass
class Gate:
    """The body's own judge; `command` and `wanted` take the body's own monotonic clock."""

    channels: int
    watchdog_ns: int
    wanted_now: list[float] = field(default_factory=list)
    owner: int = 0
    sequence: int = -1
    heard_ns: int = 0
    """when the newest valid command was taken"""
    power: bool = True
    counts: list[int] = field(default_factory=lambda: [0] * len(Verdict))

    def command(self, words: Int64s, now_ns: int) -> Verdict:
        """Judge a command and take it over where it is valid."""
        verdict = self._judge(words, now_ns)
        self.counts[verdict] += 1
        if verdict is Verdict.TAKEN:
            self.owner, self.sequence = int(words[C_OWNER]), int(words[C_SEQUENCE])
            self.heard_ns, self.power = now_ns, bool(words[C_POWER])
            self.wanted_now = values_of(words, self.channels)
        return verdict

    def wanted(self, now_ns: int) -> list[float]:
        """Return what the motors should do now: zero where the watchdog has run out."""
        if not self.awake(now_ns) or not self.wanted_now or not self.power:
            return [0.0] * self.channels
        return self.wanted_now

    def awake(self, now_ns: int) -> bool:
        """Whether a valid command came in time."""
        return self.sequence >= 0 and now_ns - self.heard_ns <= self.watchdog_ns

    def _judge(self, words: Int64s, now_ns: int) -> Verdict:
        if not self._well_formed(words):
            return Verdict.MALFORMED
        # the body changes hands only where its last owner has been silent
        if self.owner not in (0, int(words[C_OWNER])) and self.awake(now_ns):
            return Verdict.STRANGER
        if self.owner == int(words[C_OWNER]) and words[C_SEQUENCE] <= self.sequence:
            same = words[C_SEQUENCE] == self.sequence
            return Verdict.DUPLICATE if same else Verdict.OUT_OF_ORDER
        if abs(now_ns - int(words[C_SENT_NS])) > self.watchdog_ns:
            return Verdict.LATE
        return Verdict.TAKEN

    def _well_formed(self, words: Int64s) -> bool:
        if len(words) != COMMAND_WORDS or words[C_VERSION] != VERSION:
            return False
        if words[C_CHECK] != check_of(words) or words[C_CHANNELS] != self.channels:
            return False
        if words[C_OWNER] == 0 or words[C_SEQUENCE] < 0:
            return False
        return bool(np.isfinite(values_of(words, self.channels)).all())


def check_of(words: Int64s) -> int:
    """Return the check word of a command."""
    return int(np.bitwise_xor.reduce(words) ^ words[C_CHECK])


def values_of(words: Int64s, channels: int) -> list[float]:
    """Return the wanted value of each channel."""
    values: list[float] = words[C_VALUES : C_VALUES + channels].view(np.float64).tolist()
    return values


def command(
    owner: int,
    sequence: int,
    sent_ns: int,
    values: Sequence[float],
    *,
    t_us: int = 0,
    power: bool = True,
) -> Int64s:
    """Return a command as words."""
    words = np.zeros(COMMAND_WORDS, np.int64)
    words[C_VERSION], words[C_OWNER], words[C_SEQUENCE] = VERSION, owner, sequence
    words[C_SENT_NS], words[C_T_US], words[C_POWER] = sent_ns, t_us, power
    words[C_CHANNELS] = len(values)
    words[C_VALUES : C_VALUES + len(values)].view(np.float64)[:] = values
    words[C_CHECK] = check_of(words)
    return words
