"""One converter from frames to events in a process of its own; prints one line of JSON.

``python sight_run.py TOOL PATTERN WIDTH HEIGHT SECONDS``; `sight.py` calls it.
"""

import itertools
import json
import os
import sys
import time

os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import numpy as np
from sight_frames import PERIOD_US, film, to_and_fro

FRAMES, WARM = 24, 3
THRESHOLD, SPREAD = 0.2, 0.03


def neuroloop(width, height, **settings):
    """The encoder as a run file builds it."""
    import msgspec

    from neuroloop.core.ports import Site
    from neuroloop.core.values import Frame, SourceSpec
    from neuroloop.encode import change

    spec = SourceSpec("camera", Frame, (height, width), 1e6 / PERIOD_US)
    config = msgspec.convert({"input": "camera", **settings}, change.Config)
    encoder = change.build(config, Site("eye", 1, 1000, source=spec, role="encoder"))
    return lambda t_us, frame: len(encoder.transduce(Frame(t_us, frame)).unit)


def clean(width, height):
    return neuroloop(width, height, threshold=THRESHOLD, threshold_sigma=SPREAD)


def noisy(width, height):
    return neuroloop(width, height, preset="noisy")


def loop(width, height):
    """A plain compiled loop that knows the same trick; its events are in no order."""
    from sight_loop import Loop

    return Loop(width, height, THRESHOLD, SPREAD)


def evlib(width, height):
    import torch
    from evlib.simulation import ESIMConfig, ESIMSimulator

    del width, height
    torch.set_num_threads(1)
    config = ESIMConfig(
        positive_threshold=THRESHOLD,
        negative_threshold=THRESHOLD,
        refractory_period_ms=0.0,
        device="cpu",
    )
    simulator = ESIMSimulator(config)
    return lambda t_us, frame: len(simulator.process_frame(frame, float(t_us))[0])


def eventify(width, height, threshold=0.05):
    """It compares each frame with the one before, so that slow changes are lost."""
    from eventify import dvs

    last = [np.zeros((height, width), np.uint8), -PERIOD_US]

    def convert(t_us, frame):
        events = dvs.frame_to_event_tuples(last[0], frame, last[1], t_us, threshold)
        last[:] = frame, t_us
        return len(events)

    return convert


def eventify_0_2(width, height):
    """The same with the others' threshold."""
    return eventify(width, height, THRESHOLD)


TOOLS = {f.__name__: f for f in (clean, noisy, loop, evlib, eventify, eventify_0_2)}


def main():
    """Measure processor time a frame, building and compiling not counted."""
    tool, pattern, width, height, seconds = sys.argv[1:]
    width, height = int(width), int(height)
    convert = TOOLS[tool](width, height)
    frames = to_and_fro(film(pattern, width, height, FRAMES))
    for t_us, frame in itertools.islice(frames, WARM):
        convert(t_us, frame)
    begin, wall, n, events = time.process_time(), time.perf_counter(), 0, 0
    while time.process_time() - begin < float(seconds):
        for t_us, frame in itertools.islice(frames, 4):
            events += convert(t_us, frame)
            n += 1
    cpu_s, wall_s = time.process_time() - begin, time.perf_counter() - wall
    row = {"fps": n / cpu_s, "wall_fps": n / wall_s, "events": events / n}
    sys.stdout.write(f"\n{json.dumps(row)}\n")


if __name__ == "__main__":
    main()
