"""All of the bench that needs OpenCV: reading a picture, a film of it, and the classical edges."""

import os
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroloop.core.errors import ConfigError, MachineError
from neuroloop.core.values import UInt8s

Bools = NDArray[np.bool_]

RATE_HZ = 100
LOOKS = [(0, 0), (1, 0), (0, 0), (-1, 0), (0, 0), (0, 1), (0, 0), (0, -1), (0, 0), (0, 0)]
"""where the eye looks in each frame, in pixels right and down: there and back, to each side"""
MARGIN = 1
"""pixels round what is seen into which it moves"""

SIGMA, WEAK, STRONG = 1.0, 40, 100
"""of the classical detector: blur in pixels, and its two thresholds of the gradient (L2) a pixel,
in the units of OpenCV's 3 x 3 Sobel filter"""
_DARK, _LIGHT = 20, 255


def read(path: Path, width: int) -> UInt8s:
    """Return a picture as grey, ``width`` pixels and the margin wide, scaled by averaging areas.

    Raises
    ------
    ConfigError
        Where it is no picture that OpenCV reads.
    """
    cv2 = _opencv()
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    found: Any = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE) if len(data) else None
    if found is None:
        raise ConfigError(f"{path}: not a picture that OpenCV can read; PNG or JPEG is wanted")
    rows = max(round(found.shape[0] * width / found.shape[1]), 8)
    size = (width + 2 * MARGIN, rows + 2 * MARGIN)
    grey: UInt8s = cv2.resize(found, size, interpolation=cv2.INTER_AREA)
    return grey


def seen(grey: UInt8s, right: int = 0, down: int = 0) -> UInt8s:
    """Return what an eye sees that looks so many pixels away from the middle."""
    rows, columns = grey.shape[0] - 2 * MARGIN, grey.shape[1] - 2 * MARGIN
    top, left = MARGIN + down, MARGIN + right
    view: UInt8s = np.ascontiguousarray(grey[top : top + rows, left : left + columns])
    return view


def film(grey: UInt8s, path: Path) -> None:
    """Write what an eye sees that makes small saccades over a picture, without loss (FFV1)."""
    cv2 = _opencv()
    rows, columns = seen(grey).shape
    codec = cv2.VideoWriter.fourcc(*"FFV1")
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, codec, RATE_HZ, (columns, rows))
    if not writer.isOpened():
        raise MachineError("this OpenCV cannot write FFV1; pip install opencv-python-headless can")
    for right, down in LOOKS:
        writer.write(cv2.cvtColor(seen(grey, right, down), cv2.COLOR_GRAY2BGR))
    writer.release()


def logarithm(grey: UInt8s) -> UInt8s:
    """Return the logarithm of the brightness, which is what an event camera sees, as 0...255."""
    level = np.log(np.maximum(grey, _DARK) / _DARK) / np.log(_LIGHT / _DARK)
    scaled: UInt8s = np.round(255 * level).astype(np.uint8)
    return scaled


def canny(grey: UInt8s) -> Bools:
    """Return where the edges are by J. Canny's detector (IEEE PAMI 8, 1986), ``bool[h, w]``."""
    cv2 = _opencv()
    blurred = cv2.GaussianBlur(grey, (0, 0), SIGMA)
    found: Bools = cv2.Canny(blurred, WEAK, STRONG, L2gradient=True) > 0
    return found


def near(edges: Bools, tolerance: int) -> Bools:
    """Return what lies within ``tolerance`` pixels of an edge, ``bool[h, w]``."""
    cv2 = _opencv()
    y, x = np.mgrid[-tolerance : tolerance + 1, -tolerance : tolerance + 1]
    disc = (np.hypot(x, y) <= tolerance).astype(np.uint8)
    grown: Bools = cv2.dilate(edges.astype(np.uint8), disc) > 0
    return grown


def _opencv() -> ModuleType:
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    try:
        import cv2
    except ImportError as error:
        raise MachineError(
            f"this bench needs OpenCV ({error}): pip install opencv-python-headless"
        ) from error
    loaded: ModuleType = cv2
    return loaded
