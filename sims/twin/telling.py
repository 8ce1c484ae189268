"""What a simulated robot measures, as messages: range finder, wheels, the way to the goal."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from neuroloop.core import robot_protocol as protocol
from neuroloop.core.ports import Plant, Source
from neuroloop.core.values import Ranges, Scalars
from sims.twin import messages

GOAL = "state/goal"
"""robot that knows where it is, QoS 0, JSON: t_us, bearing_rad, distance_m"""


@dataclass
class Telling:
    """One sensor and the topic it is told on."""

    name: str
    source: Source
    pack: Callable[[int, object], bytes]
    """makes a message of a number and a reading"""
    number: int = 0

    def due(self, t_us: int) -> list[tuple[int, bytes]]:
        """Return what was measured up to ``t_us``, with its stamps."""
        found = []
        for reading in self.source.read(t_us + 1):
            self.number += 1
            found.append((t_us, self.pack(self.number, reading)))
        return found


def ranges(source: Source, boot: int) -> Telling:
    """Tell of a source of `Ranges`."""

    def pack(number: int, reading: object) -> bytes:
        assert isinstance(reading, Ranges)
        return messages.ranges(boot, number, reading.t_us, reading.metres)

    return Telling(protocol.RANGE, source, pack)
