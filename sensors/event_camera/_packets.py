"""The packets of an AEDAT4 file: which are of the wanted stream, and what is in them unpacked.

Before each stand the number of its stream and its size, 32 bits each.
"""

import struct
from dataclasses import dataclass, field

import numpy as np

from neuroloop.core.values import UInt8s
from sensors.event_camera._unpack import MOST_BYTES, PackedError, Unpack

_HEAD = struct.Struct("<ii")
_AT_ONCE_BYTES = 1 << 20
"""unpacked: as many events as a batch has"""


@dataclass
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
        """Unpack what is whole, a mebibyte or a little more, into ``data``.

        Returns
        -------
            How many bytes were used, where in them each packet began, and 0 and where in ``data``
            each ends; one that cannot be unpacked holds nothing.
        """
        view, used = data.data, 0
        places: list[int] = []
        ends = [0]
        while ends[-1] < _AT_ONCE_BYTES:
            part = min(self._skip, len(view) - used)
            used, self._skip = used + part, self._skip - part
            if len(view) - used < _HEAD.size:
                break
            stream, length = _HEAD.unpack_from(view, used)
            start, end = used + _HEAD.size, used + _HEAD.size + int(length)
            if stream not in self.streams or not 0 <= length <= MOST_BYTES:
                self.broken = f"what follows is no packet (stream {stream}, {length:,} bytes)"
                break
            if stream != self.stream:
                used, self._skip = start, int(length)
                continue
            if end > len(view):
                break
            places.append(used)
            ends.append(self._keep(self._unpacked(view[start:end]), ends[-1]))
            used = end
        return used, places, ends

    def _keep(self, packet: bytes, start: int) -> int:
        """Put a packet into ``data``; returns where it ends."""
        end = start + len(packet)
        if end > len(self.data):
            larger = np.empty(2 * end, np.uint8)
            larger[:start] = self.data[:start]
            self.data = larger
        self.data[start:end] = np.frombuffer(packet, np.uint8)
        return end

    def _unpacked(self, packet: memoryview) -> bytes:
        try:
            return self.unpack(packet)
        except PackedError:
            return b""
