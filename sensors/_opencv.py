"""OpenCV, imported when a picture is first wanted, and kept quiet."""

import os
from types import ModuleType

from neuroloop.core.errors import MachineError


def opencv() -> ModuleType:
    """Return ``cv2``.

    Raises
    ------
    MachineError
        Where it is not installed or does not load.
    """
    # FFmpeg writes about each bad frame to stderr unless told so before its first file is opened
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    try:
        import cv2
    except ImportError as error:
        raise MachineError(
            f"pictures need OpenCV ({error}): pip install opencv-python-headless"
        ) from error
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    return cv2
