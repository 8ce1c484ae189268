"""Makes ``walker.mp4``: a camera that stands still sees a dark post go from side to side.

    python configs/data/walker.py

The room, the post and the camera are those of the plane plant; each pixel has noise of its own.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from neuroloop.config import body
from neuroloop.core.values import UInt8s
from neuroloop.core.world import Disc, World
from sims.plane.plant import Plane

SECONDS, RATE_HZ = 11, 30
WIDTH, HEIGHT, FOV_DEG = 160, 120, 60
DISTANCE_M = 1.8
NOISE = 2.0
"""standard deviation of a pixel, in levels of grey"""
ROOM = [(-1.0, -3.0), (5.0, -3.0), (5.0, 3.0), (-1.0, 3.0)]


def bearing_rad(t_s: float) -> float:
    """Return where the post is at a time of the film; positive is left."""
    slow, fast = math.sin(2 * math.pi * t_s / 7.0), math.sin(2 * math.pi * t_s / 3.1)
    return math.radians(16.0 * slow + 8.0 * fast)


def frames() -> Iterator[UInt8s]:
    """Yield the frames of the film, ``uint8[HEIGHT, WIDTH]``."""
    rover = body.load("rover", Path(), "walker")
    rng = np.random.default_rng(0)
    for k in range(SECONDS * RATE_HZ):
        b = bearing_rad(k / RATE_HZ)
        post = Disc((DISTANCE_M * math.cos(b), DISTANCE_M * math.sin(b)), 0.12, grey=0.15)
        room = World("walker", ROOM, (0.0, 0.0, 0.0), disc=[post], wall_height_m=1.2)
        plant = Plane(rover, room, step_us=1000, slip=0.0)
        grey = plant.picture((0.0, 0.0, 0.5, 0.0), (HEIGHT, WIDTH), math.radians(FOV_DEG))
        yield np.clip(grey + rng.normal(0.0, NOISE, grey.shape), 0, 255).astype(np.uint8)


def main() -> None:
    """Write the film beside this file."""
    path = Path(__file__).with_name("walker.mp4")
    codec = cv2.VideoWriter.fourcc(*"mp4v")
    film = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, codec, RATE_HZ, (WIDTH, HEIGHT))
    for grey in frames():
        film.write(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR))
    film.release()


if __name__ == "__main__":
    main()
