"""The robot's own judgement: which commands it obeys, and what it tells of itself."""

from collections.abc import Sequence

import numpy as np

from neuroloop.core import robot_protocol as protocol
from neuroloop.core.command import COMMAND_WORDS, Gate, Verdict, command
from neuroloop.core.values import Int64s
from sims.twin import messages
from sims.twin.brain_clock import BrainClock
from sims.twin.messages import Drive, sealed

_NOTICE_EVERY_US = 100_000
_NOTHING: Int64s = np.zeros(COMMAND_WORDS, np.int64)


class Robot:
    """A gate, an emergency stop and a clock; times are the robot's, microseconds since its boot.

    Parameters
    ----------
    limits
        Largest speed of each wheel, m/s.
    watchdog_us
        After so long without a valid command the wheels stand; no command can change it.
    boot
        A number of this start, drawn by chance.
    """

    def __init__(self, limits: Sequence[float], watchdog_us: int, boot: int) -> None:
        self.boot = boot
        self.clock = BrainClock(boot)
        self._limits = limits
        self.gate = Gate(len(limits), watchdog_us * 1000)
        self.emergency = False
        self.stops = 0
        """number of the newest emergency stop"""
        self.sent_us = 0
        """of the newest valid command, in the clock of its brain"""
        self._refused: tuple[Verdict, int] | None = None
        self._reset_refused = False
        self._noticed_us = self._reset_noticed_us = -_NOTICE_EVERY_US

    def drive(
        self, message: bytes, now_us: int, *, retained: bool = False, in_json: bool = False
    ) -> Verdict:
        """Judge a command and take it over where it is valid.

        One that the broker kept is malformed: commands are never retained.
        """
        read = None
        if not retained and len(message) <= protocol.MOST_MESSAGE_BYTES:
            read = messages.drive_json(message) if in_json else messages.drive(message)
        verdict = self.gate.command(self._words(read, now_us), now_us * 1000)
        if verdict is not Verdict.TAKEN:
            self._refused = verdict, read.owner if read is not None else 0
        elif read is not None:
            self.sent_us = read.sent_us
        return verdict

    def stop(self) -> None:
        """Stop the wheels, whatever comes, until `reset`."""
        self.stops = (self.stops + 1) % 2**32
        self.emergency = True

    def reset(self, message: bytes, *, retained: bool = False) -> bool:
        """End the newest emergency stop, and say whether that is the one which the message names.

        Nothing moves before the next command, because what was wanted before is forgotten.
        """
        if retained or messages.reset(message) != (self.boot, self.stops):
            self._reset_refused = True
            return False
        self.emergency = False
        self.gate.wanted_now = []
        return True

    def wanted(self, now_us: int) -> list[float]:
        """Return what the wheels should do now, m/s."""
        if self.emergency:
            return [0.0] * self.gate.channels
        wanted = self.gate.wanted(now_us * 1000)
        return [max(-m, min(m, w)) for w, m in zip(wanted, self._limits, strict=True)]

    def flags(self, now_us: int) -> int:
        """Return the flags of `body`."""
        awake = self.gate.awake(now_us * 1000)
        return (
            protocol.AWAKE * awake
            | protocol.POWERED * (awake and self.gate.power and not self.emergency)
            | protocol.EMERGENCY * self.emergency
            | protocol.SYNCED * (self.clock.known(now_us) is not None)
            | protocol.HELD * (awake and self.gate.owner != 0)
        )

    def body(self, now_us: int) -> bytes:
        """Return what it tells of itself."""
        gate, known = self.gate, self.clock.known(now_us)
        clock = (known.offset_us, known.uncertainty_us) if known is not None else (0, 0)
        heard = (gate.owner, max(gate.sequence, 0))
        counts: Sequence[int] = [min(n, 2**32 - 1) for n in gate.counts]
        head = (protocol.VERSION, self.flags(now_us), self.boot, now_us)
        wheels = self.wanted(now_us)
        fields = (*head, *heard, *clock, self.sent_us, self.stops, *wheels, *counts)
        return sealed(protocol.BODY_LAYOUT, *fields)

    def notice(self, now_us: int) -> bytes | None:
        """Return why the newest command was refused, at most ten times a second."""
        if self._refused is None or now_us - self._noticed_us < _NOTICE_EVERY_US:
            return None
        verdict, owner = self._refused
        self._refused, self._noticed_us = None, now_us
        held_by = self.gate.owner if self.gate.awake(now_us * 1000) else 0
        name = protocol.VERDICTS[verdict]
        return messages.text(verdict=name, owner=owner, held_by=held_by)

    def no_reset(self, now_us: int) -> bytes | None:
        """Return which stop a reset that was refused had to name, at most ten times a second."""
        if not self._reset_refused or now_us - self._reset_noticed_us < _NOTICE_EVERY_US:
            return None
        self._reset_refused, self._reset_noticed_us = False, now_us
        return messages.text(verdict=protocol.NO_RESET, boot=self.boot, stop=self.stops)

    def _words(self, drive: Drive | None, now_us: int) -> Int64s:
        """Return a command as the gate takes it, its time turned into the robot's."""
        if drive is None:
            return _NOTHING
        sent_ns = now_us * 1000 - self.gate.watchdog_ns - 1  # late
        known = self.clock.known(now_us)
        if known is not None:
            age_us = now_us - (drive.sent_us - known.offset_us)
            oldest_us = 1000 * drive.valid_ms + known.uncertainty_us
            if -known.uncertainty_us - protocol.MOST_AHEAD_US <= age_us <= oldest_us:
                # by as much as the clock is uncertain it may be older than the watchdog waits
                beyond_us = age_us - self.gate.watchdog_ns // 1000
                age_us -= beyond_us if 0 < beyond_us <= known.uncertainty_us else 0
                sent_ns = (now_us - age_us) * 1000
        return command(drive.owner, drive.sequence, sent_ns, drive.values, power=drive.power)
