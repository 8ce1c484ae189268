"""From a camera's picture to the grey one that is wanted of it."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroloop.core.errors import ConfigError
from neuroloop.core.values import Float32s, UInt8s
from sensors.camera._calibration import Calibration, scaled
from sensors.camera._stream import Picture


@dataclass(frozen=True)
class Look:
    """What is wanted of each picture."""

    width: int
    height: int
    fov_deg: float
    crop: tuple[int, int, int, int] | None
    """left, top, width, height in pixels of the camera"""


class Optics:
    """Develops pictures of one size; what can be computed before the first one is.

    Parameters
    ----------
    size
        Width and height of the pictures.

    Raises
    ------
    ConfigError
        Where the part that is wanted is not within pictures of this size.
    """

    def __init__(
        self, cv2: Any, look: Look, calibration: Calibration | None, size: tuple[int, int]
    ) -> None:
        self._cv2, self._look, self.size = cv2, look, size
        self._crop = _within(look.crop or (0, 0, *size), size)
        self._maps: tuple[NDArray[Any], ...] = ()
        width = size[0]
        focal = width / 2 / math.tan(math.radians(look.fov_deg) / 2)
        centre = (width - 1) / 2
        if calibration is not None:
            focal, centre = self._undistort(calibration)
        self.bearing_rad = self._bearings(focal, centre)
        """of each column that is wanted, ``float32[width]``"""

    def __call__(self, picture: Picture) -> UInt8s:
        """Return ``uint8[height, width]``."""
        cv2, look = self._cv2, self._look
        left, top, width, height = self._crop
        grey = eight_bits(cv2, picture)
        if self._maps:
            grey = cv2.remap(grey, *self._maps, cv2.INTER_LINEAR)
        else:
            grey = grey[top : top + height, left : left + width]
        if (width, height) != (look.width, look.height):
            # averages areas where there are more pixels than wanted, else interpolates
            smaller = width >= look.width and height >= look.height
            way = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
            grey = cv2.resize(grey, (look.width, look.height), interpolation=way)
        whole: UInt8s = np.ascontiguousarray(grey)
        return whole

    def _undistort(self, calibration: Calibration) -> tuple[float, float]:
        """Make the maps of the crop; return focal length and centre, in pixels across."""
        cv2, (left, top, width, height) = self._cv2, self._crop
        matrix = np.array(scaled(calibration, self.size))
        coefficients = np.array(calibration.distortion_coefficients)
        # the largest straight picture without an empty corner
        straight, _ = cv2.getOptimalNewCameraMatrix(matrix, coefficients, self.size, 0.0)
        if not _unfolded(straight, coefficients, self.size):
            raise ConfigError("`calibration`: its lens folds the picture; is it another camera's?")
        cropped = straight - [[0, 0, left], [0, 0, top], [0, 0, 0]]
        self._maps = cv2.initUndistortRectifyMap(
            matrix, coefficients, None, cropped, (width, height), cv2.CV_16SC2
        )
        return float(straight[0, 0]), float(straight[0, 2])

    def _bearings(self, focal: float, centre: float) -> Float32s:
        left, _, width, _ = self._crop
        column = left + (np.arange(self._look.width) + 0.5) * width / self._look.width - 0.5
        bearing_rad: Float32s = np.arctan((centre - column) / focal).astype(np.float32)
        return bearing_rad


def _unfolded(straight: NDArray[Any], coefficients: NDArray[Any], size: tuple[int, int]) -> bool:
    """Whether the lens puts no two places of the straight picture onto one: Brown's radial part."""
    (fx, fy), (cx, cy) = straight[[0, 1], [0, 1]], straight[:2, 2]
    if not (np.isfinite(straight).all() and fx > 0 and fy > 0):
        return False
    corner = math.hypot(max(cx, size[0] - cx) / fx, max(cy, size[1] - cy) / fy)
    r = np.linspace(0.0, corner, 200)
    k1, k2, _, _, k3, k4, k5, k6 = np.append(coefficients, np.zeros(4))[:8]
    above = 1 + r**2 * (k1 + r**2 * (k2 + r**2 * k3))
    below = 1 + r**2 * (k4 + r**2 * (k5 + r**2 * k6))
    return bool(
        (below > 0).all() and (np.diff(r * above / np.where(below > 0, below, 1)) > 0).all()
    )


def eight_bits(cv2: Any, picture: Picture) -> UInt8s:
    """Return a picture as grey of 8 bits: the luma of colours, the upper bits of deep pixels."""
    if picture.dtype == np.uint16:
        picture = (picture >> 8).astype(np.uint8)
    if picture.ndim == 3:
        channels = picture.shape[2]
        if channels >= 3:
            code = cv2.COLOR_BGR2GRAY if channels == 3 else cv2.COLOR_BGRA2GRAY
            picture = cv2.cvtColor(picture, code)
        else:
            picture = picture[:, :, 0]
    return picture


def _within(crop: tuple[int, int, int, int], size: tuple[int, int]) -> tuple[int, int, int, int]:
    left, top, width, height = crop
    if left + width > size[0] or top + height > size[1]:
        raise ConfigError(
            f"`crop`: {width}x{height} at {left}, {top} is not within pictures of "
            f"{size[0]}x{size[1]}"
        )
    return crop
