"""Where the beams of a range finder and the pixels of a camera look: 0 ahead, left positive."""

import math

import numpy as np

from neuroloop.core.values import Float32s


def of_beams(beams: int, fov_deg: float) -> Float32s:
    """Return the bearing of each beam, ``float32[beams]``, left to right.

    The field of view is cut into equal sectors with a beam in the middle of each, so 4 beams over
    360 degrees look to 135, 45, -45 and -135 degrees.
    """
    sectors = (np.arange(beams) + 0.5) / beams - 0.5
    return (-math.radians(fov_deg) * sectors).astype(np.float32)


def of_columns(width: int, fov_deg: float) -> Float32s:
    """Return the bearing of each column of a pinhole camera's pixels, ``float32[width]``.

    Left to right, so from positive to negative.
    """
    focal = width / 2 / math.tan(math.radians(fov_deg) / 2)
    bearing_rad: Float32s = np.arctan((width / 2 - np.arange(width) - 0.5) / focal)
    return bearing_rad.astype(np.float32)
