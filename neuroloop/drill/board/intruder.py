"""Commands as somebody forges them who reads those of the brain."""

import struct
import time
from collections.abc import Callable
from dataclasses import dataclass

from neuroloop.core import robot_protocol as protocol
from neuroloop.mqtt import messages

WISH_MPS = -0.5
"""of forged commands: nothing else makes the drills' robot drive backwards"""
VALID_MS = 200
_HEAD = ("version", "channels", "flags", "owner", "sequence", "sent_us")


@dataclass(frozen=True)
class Real:
    """A command of the brain, as the forger reads it."""

    owner: int
    sequence: int
    payload: bytes

    def but(self, *, owner: int = 0, sequence: int = 1, ago_s: float = 0.0, **more: float) -> bytes:
        """Return a forged command that differs from the one that would be good now.

        Parameters
        ----------
        owner, sequence
            Distance from those of this one.
        ago_s
            How long before now it says that it was sent.
        more
            ``wish_mps`` of both wheels.
        """
        wish_mps = more.get("wish_mps", WISH_MPS)
        return messages.drive(
            self.owner + owner,
            max(self.sequence + sequence, 0),
            time.monotonic_ns() // 1000 - round(ago_s * 1e6),
            (wish_mps, wish_mps),
            valid_ms=VALID_MS,
            power=True,
        )


Forge = Callable[[Real], bytes]
"""makes a forged command of the newest real one"""


def read(payload: bytes) -> Real:
    """Read a command of the brain."""
    said = dict(zip(_HEAD, struct.unpack_from(protocol.DRIVE_LAYOUT, payload), strict=True))
    return Real(said["owner"], said["sequence"], payload)
