"""A film played as a camera, for the contract test of the sensors."""

import importlib.util

import numpy as np
import pytest


def settings(folder):
    if importlib.util.find_spec("cv2") is None:
        pytest.skip("no OpenCV")
    import cv2

    codec = cv2.VideoWriter.fourcc(*"MJPG")
    writer = cv2.VideoWriter(str(folder / "film.avi"), cv2.CAP_FFMPEG, codec, 100, (32, 24))
    for k in range(20):
        writer.write(np.full((24, 32, 3), 10 * k, np.uint8))
    writer.release()
    return {"source": "film.avi"}
