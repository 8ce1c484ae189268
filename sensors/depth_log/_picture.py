"""One depth picture from its file, as numbers.

The PNG reader knows 16-bit grey alone, which is what depth pictures are.  Source: W3C, "Portable
Network Graphics (PNG) Specification (Third Edition)", 2025, for the five filters of a row.
"""

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroloop.core.kernel import kernel

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MOST_PIXELS = 1 << 24
_MOST_BYTES = 1 << 27
_PIXEL = 2
"""bytes of a pixel"""


def read_picture(path: Path) -> NDArray[Any]:
    """Return a picture ``[h, w]``, of whole numbers or floats.

    Raises
    ------
    ValueError
        What is wrong with the file, in words.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError(f"is larger than {_MOST_BYTES >> 20} MiB")
        return _npy(path) if path.suffix.lower() == ".npy" else _png(path.read_bytes())
    except OSError as error:
        raise ValueError(error.strerror or "cannot be read") from error


def _npy(path: Path) -> NDArray[Any]:
    try:
        numbers = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, TypeError, SyntaxError) as error:
        raise ValueError("is no array of numbers") from error
    if not isinstance(numbers, np.ndarray) or numbers.ndim != 2 or not numbers.size:
        raise ValueError("is no array of two dimensions")
    if numbers.dtype.kind not in "uif":
        raise ValueError(f"holds {numbers.dtype}; numbers are wanted")
    return numbers


def _png(data: bytes) -> NDArray[Any]:
    if not data.startswith(_SIGNATURE):
        raise ValueError("is no PNG file")
    header, packed = _chunks(data)
    if len(header) != 13:
        raise ValueError("is a PNG file without a header")
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    if (depth, colour, interlaced) != (16, 0, 0):
        raise ValueError("is no 16-bit grey PNG without interlacing, as depth pictures are")
    if not 0 < width * height <= _MOST_PIXELS:
        raise ValueError(f"is {width} x {height} pixels")
    rows = _unpacked(packed, height * (1 + _PIXEL * width)).reshape(height, -1)
    picture = np.zeros((height, _PIXEL * width), np.uint8)
    if not unfilter(rows, picture):
        raise ValueError("has a row of an unknown filter")
    numbers: NDArray[Any] = picture.view(">u2").astype(np.uint16)
    return numbers


def _chunks(data: bytes) -> tuple[bytes, bytes]:
    """Return the header and the packed rows of a PNG file."""
    header, packed, at = b"", [], len(_SIGNATURE)
    while at + 12 <= len(data):
        (size,), kind = struct.unpack_from(">I", data, at), data[at + 4 : at + 8]
        body = data[at + 8 : at + 8 + size]
        at += 12 + size
        if kind == b"IHDR":
            header = body
        elif kind == b"IDAT":
            packed.append(body)
    return header, b"".join(packed)


def _unpacked(packed: bytes, size: int) -> NDArray[np.uint8]:
    try:
        # no more than is wanted, however much it would unpack to
        data = zlib.decompressobj().decompress(packed, size)
    except zlib.error as error:
        raise ValueError("is damaged") from error
    if len(data) < size:
        raise ValueError("is cut short")
    return np.frombuffer(data, np.uint8)


@kernel
def unfilter(rows: Any, picture: Any) -> bool:
    """Undo the filter of each row, which its first byte names; False where it is unknown."""
    height, width = picture.shape
    for y in range(height):
        kind = rows[y, 0]
        if kind > 4:
            return False
        for x in range(width):
            left = np.int32(picture[y, x - _PIXEL]) if x >= _PIXEL else np.int32(0)
            above = np.int32(picture[y - 1, x]) if y > 0 else np.int32(0)
            corner = np.int32(picture[y - 1, x - _PIXEL]) if y > 0 and x >= _PIXEL else np.int32(0)
            guess = np.int32(0)
            if kind == 1:
                guess = left
            elif kind == 2:
                guess = above
            elif kind == 3:
                guess = (left + above) // 2
            elif kind == 4:
                guess = nearest_of(left, above, corner)
            picture[y, x] = np.uint8((np.int32(rows[y, x + 1]) + guess) & 255)
    return True


@kernel
def nearest_of(left: Any, above: Any, corner: Any) -> Any:
    """Return which of three neighbours is nearest to left + above - corner, in this order."""
    near = left + above - corner
    to_left, to_above, to_corner = abs(near - left), abs(near - above), abs(near - corner)
    if to_left <= to_above and to_left <= to_corner:
        return left
    return above if to_above <= to_corner else corner
