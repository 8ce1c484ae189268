"""What is known of a robot from what it says of itself, and whether it does what it is told."""

import logging

import msgspec
from msgspec import Struct

from neuroloop.core import robot_protocol as protocol
from neuroloop.mqtt.heard import Message
from neuroloop.mqtt.messages import BodyState, body_of

SILENT_US = 300_000
"""a robot says ten times a second how it is"""
LOST = "lost"

_log = logging.getLogger("neuroloop.mqtt")


class _Birth(Struct):
    state: str


class _Notice(Struct):
    verdict: str


class RobotView:
    """What a robot said last.

    Parameters
    ----------
    owner
        The number on our own commands.
    """

    def __init__(self, owner: int) -> None:
        self._owner = owner
        self.body: BodyState | None = None
        self._heard_us = 0
        self._gone = self._anew = False
        self._refused = ""
        self.malformed = 0
        """messages that were none, counted"""

    def forget(self) -> None:
        """Believe nothing of what it said until it speaks again."""
        self.body = None

    def hear_body(self, message: Message) -> BodyState | None:
        """Take in how it is; returns None where that cannot be read."""
        body = None if message.retained else body_of(message.payload)
        if body is None:
            self.malformed += 1
            return None
        # shorter than anybody looks, and yet its world is another one
        self._anew |= self.body is not None and body.boot != self.body.boot
        self.body, self._heard_us, self._gone = body, message.arrived_us, False
        return body

    def hear_birth(self, message: Message) -> None:
        """Take in that it is there, or its last will."""
        try:
            birth = msgspec.json.decode(message.payload, type=_Birth)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            self.malformed += 1
            return
        # one that the broker kept may be older than what the robot said of itself
        if birth.state == LOST and not (message.retained and self.body):
            self._gone = True

    def hear_notice(self, message: Message) -> None:
        """Take in why it refuses commands."""
        try:
            verdict = msgspec.json.decode(message.payload, type=_Notice).verdict
        except (msgspec.MsgspecError, UnicodeDecodeError):
            self.malformed += 1
            return
        if verdict in protocol.VERDICTS:  # others are about resets, not about commands
            self._refused = verdict

    @property
    def held_by_another(self) -> bool:
        """Whether it obeys commands of somebody else."""
        body = self.body
        return (
            body is not None
            and bool(body.flags & protocol.AWAKE)
            and body.owner not in (0, self._owner)
        )

    def taken_anew(self) -> bool:
        """Whether it was switched on anew since this was asked last."""
        anew, self._anew = self._anew, False
        return anew

    def trouble(self, now_us: int) -> str:
        """Return why it does not do what it is told, empty where it does."""
        body = self.body
        if self._gone:
            return "is gone: so says its last will"
        if body is None:
            return "has not been heard of"
        if now_us - self._heard_us > SILENT_US:
            return "is silent"
        return self._disobedience(body)

    def _disobedience(self, body: BodyState) -> str:
        if self.held_by_another:
            return f"is held by another brain, number {body.owner}"
        if not body.flags & protocol.SYNCED:
            return "does not know the clock of this machine yet"
        if body.owner != self._owner or not body.flags & protocol.AWAKE:
            return "takes no command" + (f": {self._refused}" if self._refused else "")
        return ""
