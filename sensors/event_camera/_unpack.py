"""How the packets of an AEDAT4 file are compressed."""

from collections.abc import Callable

import numpy as np

from neuroloop.core.errors import MachineError
from neuroloop.core.values import UInt8s
from sensors.event_camera import _lz4

MOST_BYTES = 1 << 24
"""of a packet, as it is in the file and unpacked: a million events"""

Unpack = Callable[[UInt8s, UInt8s], int]
"""unpacks a packet into room; returns how many bytes there are then, `FULL` where they do not fit,
or another negative number for a packet that is damaged"""

BROKEN, FULL = _lz4.BROKEN, _lz4.FULL


def unpacker(compression: int) -> Unpack:
    """Return what unpacks packets; ``compression`` is the number in the file's header."""
    if compression == 0:
        return _copied
    return _lz4.unpack if compression in (1, 2) else _zstd()


def _copied(packet: UInt8s, room: UInt8s) -> int:
    if len(packet) > len(room):
        return FULL
    room[: len(packet)] = packet
    return len(packet)


def _zstd() -> Unpack:
    try:
        import zstandard
    except ImportError as error:
        raise MachineError(
            f"this AEDAT4 file is compressed by Zstandard, and to unpack it takes zstandard"
            f' ({error}): pip install "neuroloop[events]"'
        ) from error
    stream = zstandard.ZstdDecompressor()

    def unpack(packet: UInt8s, room: UInt8s) -> int:
        try:
            with stream.stream_reader(packet.data) as reader:
                plain = reader.read(len(room) + 1)
        except zstandard.ZstdError:
            return BROKEN
        return _copied(np.frombuffer(plain, np.uint8), room)

    return unpack
