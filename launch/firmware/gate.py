"""Which commands count: the rules of every body, with the brain's clock and an emergency stop.

The robot obeys the newest valid command, and stops by itself where none has come for the time its
configuration says.  No message can change that time.
"""

import protocol

MOST_FINITE = 3.0e38
"""largest speed that still is a number of 32 bits"""


class Gate:
    """The robot's own judge.

    Parameters
    ----------
    channels : int
        Numbers in a command.
    watchdog_us : int
        After so long without a valid command the motors stop.
    """

    def __init__(self, channels: int, watchdog_us: int) -> None:
        self.channels, self.watchdog_us = channels, watchdog_us
        self.owner, self.sequence = 0, -1
        self.sent_us = 0
        """of the newest valid command, by the brain's clock"""
        self.power = True
        self.emergency = False
        self.stops = 0
        """number of the newest emergency stop"""
        self.counts = [0] * len(protocol.VERDICTS)
        self._still = (0.0,) * channels
        self._wanted = self._still
        self._heard_us = 0

    def command(self, command: tuple, now_us: int, offset_us: int, uncertainty_us: int) -> int:
        """Judge a command and take it over where it is valid.

        Parameters
        ----------
        command : tuple or None
            Owner, sequence, sent_us (brain's clock), valid_ms, power, values; None where the
            message could not be read.
        now_us : int
            Robot's clock.
        offset_us : int or None
            Brain's clock minus the robot's; None while it is not known.
        uncertainty_us : int
            Of the offset.

        Returns
        -------
        int
            The verdict.
        """
        verdict = self._judge(command, now_us, offset_us, uncertainty_us)
        self.counts[verdict] += 1
        if verdict == protocol.TAKEN:
            self.owner, self.sequence, self.sent_us, _, self.power, self._wanted = command
            self._heard_us = now_us
        return verdict

    def wanted(self, now_us: int) -> tuple:
        """Return the speed of each wheel, m/s; zero where the watchdog has run out."""
        if self.emergency or not self.power or not self.awake(now_us):
            return self._still
        return self._wanted

    def awake(self, now_us: int) -> bool:
        """Whether a valid command came in time."""
        return self.sequence >= 0 and now_us - self._heard_us <= self.watchdog_us

    def stop(self) -> None:
        """Emergency stop: nothing moves until `reset`, whatever comes."""
        self.stops = self.stops + 1 & 0xFFFFFFFF
        self.emergency = True
        self._wanted = self._still

    def reset(self) -> None:
        """End an emergency stop; what moves the robot is the next valid command."""
        self.emergency = False
        self._wanted = self._still

    def _judge(self, command: tuple, now_us: int, offset_us: int, uncertainty_us: int) -> int:
        if command is None or not self._well_formed(command):
            return protocol.MALFORMED
        owner, sequence, sent_us, valid_ms = command[:4]
        # the body changes hands only where its last owner has been silent
        if self.owner not in (0, owner) and self.awake(now_us):
            return protocol.STRANGER
        if self.owner == owner and sequence <= self.sequence:
            return protocol.DUPLICATE if sequence == self.sequence else protocol.OUT_OF_ORDER
        if offset_us is None:
            return protocol.LATE  # nobody knows how old it is
        age_us = now_us - (sent_us - offset_us)
        longest_us = min(1000 * valid_ms, self.watchdog_us)
        if (
            age_us > longest_us + uncertainty_us
            or -age_us > protocol.MOST_AHEAD_US + uncertainty_us
        ):
            return protocol.LATE
        return protocol.TAKEN

    def _well_formed(self, command: tuple) -> bool:
        owner, sequence, sent_us, valid_ms, _, values = command
        if owner < 1 or sequence < 0 or sent_us < 0 or len(values) != self.channels:
            return False
        if not 0 < valid_ms <= protocol.MOST_VALID_MS:
            return False
        # also false for NaN
        return all(-MOST_FINITE < value < MOST_FINITE for value in values)
