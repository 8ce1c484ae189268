"""What a host asks its process's plant, done there."""

import numpy as np

from neuroloop.core.errors import NeuroloopError, PartError
from neuroloop.core.ports import Plant
from neuroloop.runtime.boundary import blame
from neuroloop.runtime.host.wire import Answer, Call, failed

_BEFORE = ("place", "restore")
"""what sets the plant's time"""


def answer(call: Call, plant: Plant | None, *, begun: bool) -> Answer:
    """Do what is asked; an error of the plant is part of the answer."""
    try:
        if plant is None:
            raise PartError(f"plant: there is none in this process to {call.what}")
        if begun and call.what in _BEFORE:
            raise PartError(f"plant: no {call.what} while it lives in real time")
        content = _content(call, plant)
    except NeuroloopError as error:
        return Answer(call.number, b"", failed(error))
    return Answer(call.number, content, None)


def _content(call: Call, plant: Plant) -> bytes:
    try:
        match call.what:
            case "place":
                start, goal = call.arguments
                plant.place(tuple(start), None if goal is None else tuple(goal))
            case "scan":
                pose, bearing_rad = call.arguments
                bearings = np.frombuffer(bearing_rad, np.float32)
                return np.asarray(plant.scan(tuple(pose), bearings), np.float32).tobytes()
            case "picture":
                pose, shape, fov_rad = call.arguments
                picture = plant.picture(tuple(pose), tuple(shape), fov_rad)
                return np.ascontiguousarray(picture, np.uint8).tobytes()
            case "snapshot":
                return plant.snapshot()
            case "restore":
                plant.restore(call.arguments[0])
    except Exception as error:
        blame("plant", "plant", error)
    return b""
