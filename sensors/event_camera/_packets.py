"""The packets of an AEDAT4 file: which are of the wanted stream, and what is in them unpacked.

Before each stand the number of its stream and its size, 32 bits each.
"""

import struct
from dataclasses import dataclass, field

import numpy as np

from neuroloop.core.values import UInt8s
from sensors.event_camera._unpack import FULL, MOST_BYTES, Unpack

_HEAD = struct.Struct("<ii")
_AT_ONCE_BYTES = 1 << 17
"""unpacked: it and the events in it stay in a processor's cache"""


@dataclass(slots=True)
class Packets:
    """Takes packets out of the bytes of a file, piece by piece."""

    stream: int
    """the one that is wanted"""
    streams: frozenset[int]
    """all that the file has"""
    unpack: Unpack
    broken: str = ""
    """why what follows cannot be read"""
    data: UInt8s = field(default_factory=lambda: np.empty(2 * _AT_ONCE_BYTES, np.uint8))
    """what was in the packets that were taken last, one after another"""
    _skip: int = field(default=0, init=False)

    def take(self, data: UInt8s) -> tuple[int, list[int], list[int]]:
        """Unpack what is whole, 128 KiB or a little more, into ``data``.

        Returns
        -------
            How many bytes were used, where in them each packet began, and 0 and where in ``data``
            each ends; one that cannot be unpacked holds nothing.
        """
        view, size, used = data.data, len(data), 0
        places: list[int] = []
        ends = [0]
        while ends[-1] < _AT_ONCE_BYTES:
            if self._skip:
                part = min(self._skip, size - used)
                used, self._skip = used + part, self._skip - part
            start = used + _HEAD.size
            if start > size:
                break
            stream, length = _HEAD.unpack_from(view, used)
            if stream not in self.streams or not 0 <= length <= MOST_BYTES:
                self.broken = f"what follows is no packet (stream {stream}, {length:,} bytes)"
                break
            if stream != self.stream:
                used, self._skip = start, length
                continue
            end = start + length
            if end > size:
                break
            places.append(used)
            ends.append(ends[-1] + self._unpacked(data[start:end], ends[-1]))
            used = end
        return used, places, ends

    def _unpacked(self, packet: UInt8s, start: int) -> int:
        """Unpack a packet into ``data`` from a place on; returns how many bytes it holds."""
        n = self.unpack(packet, self.data[start : start + MOST_BYTES])
        while n == FULL and len(self.data) < start + MOST_BYTES:
            larger = np.empty(min(2 * len(self.data), start + MOST_BYTES), np.uint8)
            larger[:start] = self.data[:start]
            self.data = larger
            n = self.unpack(packet, self.data[start:])
        return max(n, 0)
