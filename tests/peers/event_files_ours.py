"""neuroloop's part of `event_files.py`: ``python event_files_ours.py FILE ...``."""

import sys

from event_files_measure import BATCHES, WHOLE, emit

from sensors import event_camera


def batches(path):
    """Decode as a sensor does."""
    for events in event_camera.open(path):
        yield events.t_us, events.x, events.y, events.p


def whole(path):
    """Decode into one array of each."""
    events = event_camera.open(path).read()
    yield events.t_us, events.x, events.y, events.p


for file in sys.argv[1:]:
    emit("neuroloop", "neuroloop", file, BATCHES, batches)
    emit("neuroloop", "neuroloop", file, WHOLE, whole)
