"""A camera that the robot looks through is unplugged."""

import importlib.util
import os

from neuroloop.drill.drill import Drill
from neuroloop.drill.plays import Stops, pulled

_PORT = 20_000 + os.getpid() % 20_000
"""of the camera, which has to be known before it is there; drills in two processes have two"""
_LASTS_S = 1.0


def _lacks() -> str:
    return "" if importlib.util.find_spec("cv2") else "OpenCV: pip install opencv-python-headless"


DRILLS = (
    Drill(
        "camera-unplugged",
        "a network camera is unplugged in mid-run",
        "stops; moves again when it is back and armed",
        'sensor "camera" (failed|silent)|sensor "camera": http://127.0.0.1',
        Stops(pulled("unplug"), lasts_s=_LASTS_S),
        changes=(
            "sensor.eye.kind=neuroloop.drill.parts.network_camera",
            f"sensor.eye.port={_PORT}",
            "sensor.eye.trigger={folder}/trigger",
            "sensor.camera.kind=camera",
            f"sensor.camera.source=http://127.0.0.1:{_PORT}/",
            "sensor.camera.timeout_s=0.5",
        ),
        lacks=_lacks,
    ),
)
