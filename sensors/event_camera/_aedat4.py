"""iniVation AEDAT4: packets of events, each packed by LZ4, Zstandard or not at all.

A line, a header (a FlatBuffer: compression, place of the table at the end, an XML text about the
streams), then packets: the number of the stream and the size (32 bits each) before a FlatBuffer
that starts with its size and ``EVTS``, and holds a vector of 16 bytes an event.

Source: iniVation, "AEDAT file formats", docs.inivation.com.
"""

import struct
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from neuroloop.core.errors import ConfigError
from neuroloop.core.values import Int64s, UInt8s
from sensors.event_camera import _flatbuffer, _records
from sensors.event_camera._decoder import Layout, Size
from sensors.event_camera._events import Events
from sensors.event_camera._order import UNKNOWN, UNKNOWN_AT, fresh
from sensors.event_camera._packets import Packets
from sensors.event_camera._unpack import unpacker

MAGIC = b"#!AER-DAT4"
_LINE = b"#!AER-DAT4.0\r\n"
_MOST_BYTES = 1 << 20
"""of a header"""


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before the packets."""

    n_bytes: int
    end: int
    """where the packets end, -1 where the file does not say"""
    compression: int
    streams: frozenset[int]
    """numbers of all streams"""
    stream: int
    """number of the first one of events"""
    size: Size


def header_bytes(start: bytes) -> int:
    """Return how much of a file its header takes, those bytes at least that are given.

    A mebibyte at most: a larger one is taken for damaged.
    """
    (size,) = struct.unpack_from("<I", start.ljust(len(_LINE) + 4, b"\0"), len(_LINE))
    return max(len(start), min(len(_LINE) + 4 + int(size), _MOST_BYTES))


def header(start: bytes, path: Path) -> Header:
    """Read the start of a file, `header_bytes` of it."""
    damaged = f"`source`: {path}: the header of this AEDAT4 file is damaged"
    if not start.startswith(_LINE):
        raise ConfigError(damaged)
    try:
        size = _flatbuffer.number(start, "<I", len(_LINE))
        block = start[len(_LINE) : len(_LINE) + 4 + size]
        table = _flatbuffer.Table.root(block)
        compression, end = table.scalar(0, "<i", 0), table.scalar(1, "<q", -1)
        text, n = table.vector(2, 1)
        streams = _streams(block[text : text + n].decode("utf-8", "replace"))
        events = [k for k, said in streams.items() if said.get("typeIdentifier") == "EVTS"]
        said = streams[min(events)] if events else {"sizeX": "0", "sizeY": "0"}
        pixels = int(said["sizeX"]), int(said["sizeY"])
    except (_flatbuffer.BrokenError, ElementTree.ParseError, ValueError, KeyError) as error:
        raise ConfigError(damaged) from error
    if not events:
        raise ConfigError(f"`source`: {path}: this AEDAT4 file has no stream of events")
    if compression not in range(5):
        raise ConfigError(f"`source`: {path}: is compressed in a way ({compression}) unknown here")
    return Header(len(_LINE) + 4 + size, end, compression, frozenset(streams), min(events), pixels)


def _streams(text: str) -> dict[int, dict[str, str]]:
    """Return what is said of each stream by its number."""
    if "<!" in text:  # no recording declares entities, and those of others can be made to explode
        raise ValueError(text[:20])
    root = ElementTree.fromstring(text.rstrip("\0"))
    return {
        int(stream.get("name", "")): {
            each.get("key", ""): each.text or "" for each in stream.iter("attr")
        }
        for stream in root.iterfind("./node[@name='outInfo']/node")
    }


def layout(start: bytes, path: Path, given: Size | None) -> Layout:
    """Find the packets."""
    del given
    head = header(start, path)
    return Layout(head.size, head.n_bytes, partial(Decoder, head), 8, head.end)


class Decoder:
    """Decodes packets, piece by piece."""

    tail = b""
    record = "packet"

    def __init__(self, head: Header) -> None:
        (self.width, self.height), self.state = head.size, fresh()
        self._packets = Packets(head.stream, head.streams, unpacker(head.compression))
        self._spans: Int64s = np.empty((0, 2), np.int64)  # where events are, and how many
        self._next: Int64s = np.zeros(2, np.int64)  # the span, and the event of it, to be given

    @property
    def broken(self) -> str:
        """Why nothing behind the bytes that were used can be read; "" as long as all is well."""
        return self._packets.broken

    def decode(self, data: UInt8s, into: Events) -> tuple[int, int]:
        """Decode what is whole and fits; returns how many bytes and how many events."""
        size, used, made = (self.width, self.height), 0, 0
        while made < len(into):
            if self._next[0] == len(self._spans):
                used += self._open(data[used:], used)
                if len(self._spans) == 0:
                    break
            room = into[made:]
            to = (room.t_us, room.x, room.y, room.p)
            places = self._packets.data, self._spans, self._next
            made += int(_records.decode(*places, size, self.state, *to))
        return used, made

    def _open(self, data: UInt8s, at: int) -> int:
        """Take in packets that are whole; returns how many bytes they took.

        ``at`` is how far behind the bytes that were used last ``data`` begins.
        """
        used, places, ends = self._packets.take(data)
        self._spans = _records.spans(self._packets.data, np.array(ends, np.int64))
        self._next[:] = 0
        unknown = np.flatnonzero(self._spans[:, 1] < 0)
        if len(unknown):
            if not self.state[UNKNOWN]:
                self.state[UNKNOWN_AT] = at + places[unknown[0]]
            self.state[UNKNOWN] += len(unknown)
        return used
