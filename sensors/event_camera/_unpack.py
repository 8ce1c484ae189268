"""How the packets of an AEDAT4 file are compressed."""

from collections.abc import Callable

from neuroloop.core.errors import MachineError

MOST_BYTES = 1 << 24
"""of a packet, as it is in the file and unpacked: a million events"""

_ROOM_BYTES = 1 << 18

Unpack = Callable[[memoryview], bytes]


class PackedError(Exception):
    """A packet that cannot be unpacked."""


def unpacker(compression: int) -> Unpack:
    """Return what unpacks packets; ``compression`` is the number in the file's header."""
    if compression == 0:
        return bytes
    return _lz4() if compression in (1, 2) else _zstd()


def _lz4() -> Unpack:
    try:
        from lz4 import frame
    except ImportError as error:
        raise MachineError(_missing("lz4", error)) from error
    # a decompressor for each packet would cost a fifth more than one that is used again
    context = frame.create_decompression_context()

    def unpack(packet: memoryview) -> bytes:
        parts: list[bytes] = []
        size, used, ended = 0, 0, False
        try:
            while not ended and size <= MOST_BYTES:
                # it takes all the room that it may fill at once, whether it does or not
                most = max(_ROOM_BYTES, size)
                part, n, ended = frame.decompress_chunk(context, packet[used:], max_length=most)
                if not (part or n or ended):
                    break
                parts.append(part)
                size, used = size + len(part), used + n
        except RuntimeError as error:
            raise PackedError(str(error)) from error
        finally:
            frame.reset_decompression_context(context)
        if not ended:
            raise PackedError("it ends too early, or holds too much")
        return b"".join(parts)

    return unpack


def _zstd() -> Unpack:
    try:
        import zstandard
    except ImportError as error:
        raise MachineError(_missing("zstandard", error)) from error
    stream = zstandard.ZstdDecompressor()

    def unpack(packet: memoryview) -> bytes:
        try:
            with stream.stream_reader(packet) as reader:
                plain = bytes(reader.read(MOST_BYTES))
                more = reader.read(1)
        except zstandard.ZstdError as error:
            raise PackedError(str(error)) from error
        if more:
            raise PackedError("it holds too much")
        return plain

    return unpack


def _missing(package: str, error: Exception) -> str:
    return (
        f"this AEDAT4 file is compressed, and to unpack it takes {package} ({error}): pip install"
        ' "neuroloop[events]"'
    )
