"""From a robot's clock over this machine's to run time."""

from neuroloop.core import robot_protocol as protocol
from neuroloop.mqtt.heard import Message
from neuroloop.mqtt.messages import BodyState, body_of

_OLDEST_US = 10_000_000
"""a reading that seems older was stamped by a clock that was compared with another machine's"""


class RobotClock:
    """What a robot says of its clock and ours."""

    def __init__(self) -> None:
        self._body: BodyState | None = None
        self.boot = 0
        """another number each time it was switched on; 0 before it was heard of"""

    @property
    def heard(self) -> bool:
        """Whether the robot said anything of itself."""
        return self._body is not None

    @property
    def known(self) -> bool:
        """Whether the robot has compared its clock with ours."""
        body = self._body
        return body is not None and bool(body.flags & protocol.SYNCED)

    def hear(self, message: Message) -> None:
        """Take in how the robot is."""
        body = None if message.retained else body_of(message.payload)
        if body is not None:
            self._body, self.boot = body, body.boot

    def stamp(self, t_us: int, boot: int | None, arrived_us: int) -> int:
        """Return when something happened, by this machine's monotonic clock.

        Parameters
        ----------
        t_us
            The same by the robot's clock.
        boot
            Of the robot's clock; None where the message does not say.
        arrived_us
            When the message came; the answer where the robot's clock is not known.
        """
        body = self._body
        if body is None or not self.known or boot not in (None, body.boot):
            return arrived_us
        stamp = t_us + body.offset_us
        return min(stamp, arrived_us) if arrived_us - stamp < _OLDEST_US else arrived_us
