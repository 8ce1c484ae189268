"""The peers' part of `event_files.py`, run in their environment.

``python event_files_peer.py convert RAW FOLDER`` writes a recording in every format, by faery;
``python event_files_peer.py FILE ...`` decodes files with all that can.
"""

import sys
from pathlib import Path

import aedat
import dv_processing
import event_stream
import evt3
import expelliarmus
import faery
from event_files_measure import BATCHES, WHOLE, emit

WRITTEN = {
    "evt2.raw": {"version": "evt2"},
    "evt3.raw": {"version": "evt3"},
    "events.dat": {"version": "dat2"},
    "events.aedat4": {},
    "events.es": {},
    "events.csv": {},
}


def convert(raw, folder):
    """Write a recording in every format."""
    stream = faery.events_stream_from_file(raw, dimensions_fallback=(640, 480))
    for name, options in WRITTEN.items():
        stream.to_file(Path(folder) / name, **options)


def by_faery(path):
    for events in faery.events_stream_from_file(path):
        yield events["t"], events["x"], events["y"], events["on"]


def by_dv(path):
    recording = dv_processing.io.MonoCameraRecording(str(path))
    while (batch := recording.getNextEventBatch()) is not None:
        events = batch.numpy()
        yield events["timestamp"], events["x"], events["y"], events["polarity"]


def by_aedat(path):
    for packet in aedat.Decoder(str(path)):
        if "events" in packet:
            events = packet["events"]
            yield events["t"], events["x"], events["y"], events["on"]


def by_event_stream(path):
    # rows count from the bottom in the file, and for faery and neuroloop from the top
    with event_stream.Decoder(str(path)) as decoder:
        height = decoder.height
        for events in decoder:
            yield events["t"], events["x"], height - 1 - events["y"], events["on"]


def by_evt3(path):
    events = evt3.decode_file(str(path))
    yield events.timestamp, events.x, events.y, events.polarity


def by_expelliarmus(path):
    encoding = "dat" if path.suffix == ".dat" else path.stem
    events = expelliarmus.Wizard(encoding=encoding).read(path)
    yield events["t"], events["x"], events["y"], events["p"]


DECODERS = {
    "faery": (by_faery, BATCHES, ("evt2.raw", "evt3.raw", ".dat", ".aedat4", ".es", ".csv")),
    "dv-processing": (by_dv, BATCHES, (".aedat4",)),
    "aedat": (by_aedat, BATCHES, (".aedat4",)),
    "event-stream": (by_event_stream, BATCHES, (".es",)),
    "evt3": (by_evt3, WHOLE, ("evt3.raw",)),
    "expelliarmus": (by_expelliarmus, WHOLE, ("evt2.raw", "evt3.raw", ".dat")),
}

if sys.argv[1] == "convert":
    convert(*sys.argv[2:])
else:
    for file in sys.argv[1:]:
        for tool, (decode, how, endings) in DECODERS.items():
            if file.endswith(endings):
                emit(tool, tool, file, how, decode)
