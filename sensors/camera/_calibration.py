"""A camera's calibration: what its lens does to straight lines.

A file as ROS's ``camera_calibration`` and OpenCV's sample programs write it, in YAML, or the same
names in TOML:

.. code-block:: toml

    image_width = 640
    image_height = 480
    camera_matrix = [[525.0, 0.0, 319.5], [0.0, 525.0, 239.5], [0.0, 0.0, 1.0]]
    distortion_coefficients = [-0.28, 0.07, 0.0, 0.0, 0.0]

The model is that of D. C. Brown ("Close-range camera calibration", Photogrammetric Engineering
37(8), 1971) with 4 or 5 coefficients, k1 k2 p1 p2 k3, or the rational one with 8.
"""

import math
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct

from neuroloop.config import toml
from neuroloop.core.errors import ConfigError

_Side = Annotated[int, Meta(ge=2, le=16_384)]
_Row = tuple[float, float, float]
_COEFFICIENTS = (4, 5, 8)
_LARGEST = 1000.0
_MOST_BYTES = 1 << 16


class Calibration(Struct, frozen=True):
    """What a file says; other names in it are left alone."""

    image_width: _Side
    image_height: _Side
    """of the pictures it was made from"""
    camera_matrix: tuple[_Row, _Row, _Row]
    """focal lengths and centre in pixels: ``[[fx, 0, cx], [0, fy, cy], [0, 0, 1]]``"""
    distortion_coefficients: list[float]


def load(path: Path, cv2: Any) -> Calibration:
    """Read and check a file.

    Raises
    ------
    ConfigError
        Where it cannot be read or says what no lens does.
    """
    where = f"`calibration`: {path}"
    data = toml.read(path, "`calibration`") if path.suffix == ".toml" else _yaml(path, cv2, where)
    found = toml.convert(data, Calibration, where)
    _check(found, where)
    return found


def scaled(found: Calibration, size: tuple[int, int]) -> list[list[float]]:
    """Return the camera matrix for pictures of another size of the same shape.

    Raises
    ------
    ConfigError
        Where the shape is another: then another part of the sensor is read.
    """
    width, height = size
    factor = width / found.image_width
    if abs(height - factor * found.image_height) > 1:
        raise ConfigError(
            f"`calibration`: was made from pictures of {found.image_width}x{found.image_height},"
            f" and these are {width}x{height}"
        )
    (fx, _, cx), (_, fy, cy), _ = found.camera_matrix
    # centres of pixels are whole numbers, so their corner is at -1/2
    return [
        [fx * factor, 0.0, (cx + 0.5) * factor - 0.5],
        [0.0, fy * factor, (cy + 0.5) * factor - 0.5],
        [0.0, 0.0, 1.0],
    ]


def _check(found: Calibration, where: str) -> None:
    (fx, skew, cx), (zero, fy, cy), last = found.camera_matrix
    numbers = (fx, fy, cx, cy, *found.distortion_coefficients)
    if (skew, zero) != (0.0, 0.0) or last != (0.0, 0.0, 1.0):
        raise ConfigError(f"{where}: `camera_matrix`: [[fx, 0, cx], [0, fy, cy], [0, 0, 1]] wanted")
    if not all(math.isfinite(n) for n in numbers) or min(fx, fy) <= 0:
        raise ConfigError(f"{where}: `camera_matrix`: focal lengths above 0 pixels are wanted")
    if not (0 < cx < found.image_width and 0 < cy < found.image_height):
        raise ConfigError(
            f"{where}: `camera_matrix`: its centre {cx:g}, {cy:g} is not in the picture"
        )
    n = len(found.distortion_coefficients)
    if n not in _COEFFICIENTS:
        raise ConfigError(f"{where}: `distortion_coefficients`: 4, 5 or 8 are wanted, not {n}")
    if max(map(abs, found.distortion_coefficients)) > _LARGEST:
        raise ConfigError(f"{where}: `distortion_coefficients`: beyond +-{_LARGEST:g}")


def _yaml(path: Path, cv2: Any, where: str) -> dict[str, object]:
    """Read the names of a calibration out of YAML, with the reader that OpenCV brings along."""
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES + 1).decode("utf-8")
    except OSError as error:
        raise ConfigError(f"{where}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{where}: byte {error.start} is not UTF-8") from error
    if len(text) > _MOST_BYTES:
        raise ConfigError(f"{where}: is longer than {_MOST_BYTES:,} bytes, so no calibration")
    if not text.startswith("%YAML"):
        text = "%YAML:1.0\n---\n" + text.removeprefix("---\n")
    try:
        file = cv2.FileStorage(text, cv2.FILE_STORAGE_READ | cv2.FILE_STORAGE_MEMORY)
        return _tables(file)
    except (cv2.error, SystemError) as error:
        raise ConfigError(f"{where}: not valid YAML; or write TOML, in a file .toml") from error


def _tables(file: Any) -> dict[str, object]:
    found: dict[str, object] = {}
    for name in ("image_width", "image_height"):
        if (node := file.getNode(name)).isInt():
            found[name] = int(node.real())
    matrix = _numbers(file.getNode("camera_matrix"))
    if matrix is not None:
        found["camera_matrix"] = [matrix[i : i + 3] for i in range(0, len(matrix), 3)]
    coefficients = _numbers(file.getNode("distortion_coefficients"))
    if coefficients is not None:
        found["distortion_coefficients"] = coefficients
    return found


def _numbers(node: Any) -> list[float] | None:
    """Return the numbers of a matrix, which is a map with its `data`."""
    data = node.getNode("data") if node.isMap() else node
    if not data.isSeq():
        return None
    return [float(data.at(i).real()) for i in range(data.size())]
