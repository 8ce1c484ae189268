"""Feeds: how readings, spikes and edits come into the tick, each through a ring of its own."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from neuroloop.core.errors import ConfigError
from neuroloop.core.message import (
    EVENT_BYTES,
    MESSAGE_BYTES,
    RECORD_BYTES,
    Kind,
    pack,
    padded,
    payload_of,
)
from neuroloop.core.native import address_of
from neuroloop.core.ring import Ring, empty_ring
from neuroloop.core.values import Int64s, Motion, Numbers, Spikes, UInt8s
from neuroloop.runtime.backlog import kept, refill, taken, waiting_bytes
from neuroloop.runtime.intake import (
    AT_ONCE,
    F_CAPACITY,
    F_EXPIRED,
    F_LATE,
    F_LATENCY_US,
    F_MAX_AGE_US,
    F_PORT,
    F_RING,
    F_TOLD,
    FEED_WORDS,
    LOSS_BYTES,
)
from neuroloop.runtime.spike_messages import in_order, send

_OFFSET_BYTES = 8
"""of an edit, before its content"""


class Feed:
    """The writer's end of one ring: values become messages for one port of the program.

    Parameters
    ----------
    message_bytes
        Largest payload.
    messages
        How many of these wait at most; further ones are dropped and counted.
    latency_us, max_age_us
        As in `intake.gather`; with ``AT_ONCE`` a message is due as soon as it is there.
    ring
        In memory shared with the process that fills it; else one of its own.
    """

    def __init__(  # noqa: PLR0913
        self,
        name: str,
        port: int,
        message_bytes: int,
        *,
        messages: int = 16,
        latency_us: int = 0,
        max_age_us: int = AT_ONCE,
        ring: Ring | None = None,
    ) -> None:
        self.name = name
        self.port = port
        self.latency_us = latency_us
        self.max_age_us = max_age_us
        self.message_bytes = message_bytes
        self.ring: Ring = ring or empty_ring(MESSAGE_BYTES + message_bytes, messages)
        self._message: Int64s | None = None

    def reading(self, value: Numbers | Motion) -> None:
        """Send the numbers of a reading, or of a motion from a decoder in plain Python."""
        self.ring.push(pack(Kind.READING, self.port, value.t_us, payload_of(value)))

    def spikes(self, value: Spikes, dt_us: int) -> None:
        """Send spikes, one message for each tick they are due in, by stamp, then unit.

        Those of a tick that are more than a message holds are dropped and counted.
        """
        t_us, unit, times = value.t_us, value.unit, value.value
        if not in_order(t_us, unit):
            order = np.lexsort((unit, t_us))
            t_us, unit = t_us[order], unit[order]
            times = times[order] if len(times) else times
        if self._message is None:
            self._message = np.empty((MESSAGE_BYTES + padded(self.message_bytes)) // 8, np.int64)
        ring, capacity = self.ring.address, self.ring.capacity
        when = self.latency_us, dt_us
        send(ring, capacity, self.port, *when, t_us, unit, times, self._message)

    def edit(self, offset: int, content: bytes, t_us: int) -> bool:
        """Send bytes for a place in the arena; False where the ring has no room for them."""
        payload = np.frombuffer(offset.to_bytes(_OFFSET_BYTES, "little") + content, np.uint8)
        return self.ring.push(pack(Kind.EDIT, self.port, t_us, payload))

    def edits(self, fields: Mapping[str, tuple[int, bytes]], t_us: int) -> None:
        """Send all of these edits or none: of each field its offset and its bytes.

        Raises
        ------
        ConfigError
            Where a field is larger than an edit can be, or too much waits already.
        """
        most = self.message_bytes - _OFFSET_BYTES
        for name, (_, content) in fields.items():
            if len(content) > most:
                raise ConfigError(
                    f"edit of {name}: it has {len(content):,} bytes, and one edit holds {most:,} "
                    "at most; build the network anew"
                )
        sizes = [MESSAGE_BYTES + padded(_OFFSET_BYTES + len(c)) for _, c in fields.values()]
        # a message that does not fit before the end leaves a gap as long as itself
        if sum(sizes) + max(sizes, default=0) > self.ring.capacity - waiting_bytes(self.ring):
            raise ConfigError(
                f"edit of {', '.join(fields)}: too much waits for the next tick already"
            )
        for offset, content in fields.values():
            self.edit(offset, content, t_us)


class Intake:
    """The reader's end of all feeds: the table that `intake.gather` walks, and the record."""

    def __init__(self, feeds: Sequence[Feed]) -> None:
        self.feeds = feeds
        self.table: Int64s = np.zeros((len(feeds), FEED_WORDS), np.int64)
        for row, feed in zip(self.table, feeds, strict=True):
            row[F_RING], row[F_CAPACITY] = feed.ring.address, feed.ring.capacity
            row[F_LATENCY_US], row[F_MAX_AGE_US] = feed.latency_us, feed.max_age_us
            row[F_PORT] = feed.port
        room = RECORD_BYTES + sum(LOSS_BYTES + feed.ring.capacity for feed in feeds)
        self.record: UInt8s = np.zeros(room // 8, np.int64).view(np.uint8)

    @property
    def table_address(self) -> int:
        """Of the first row."""
        return address_of(self.table)

    @property
    def late(self) -> dict[str, int]:
        """What entered a later tick than it was due in, by feed: messages, or spikes."""
        return {f.name: int(n) for f, n in zip(self.feeds, self.table[:, F_LATE], strict=True)}

    @property
    def lost(self) -> dict[str, int]:
        """What never entered, by feed, messages or spikes: ring full, or too old."""
        expired = self.table[:, F_EXPIRED]
        return {f.name: int(n) + f.ring.dropped for f, n in zip(self.feeds, expired, strict=True)}

    def snapshot(self) -> bytes:
        """Copy what waits in the rings, and the counters."""
        counters = self.table[:, F_LATE:].copy()
        counters[:, F_TOLD - F_LATE] = self._lost() - self.table[:, F_TOLD]
        return counters.tobytes() + b"".join(kept(f.ring) for f in self.feeds)

    def restore(self, state: bytes) -> None:
        """Go back to a snapshot of the same feeds."""
        counters = self.table[:, F_LATE:]
        left = memoryview(state)[counters.nbytes :]
        waiting = []
        for feed in self.feeds:
            content, left = taken(left, feed.ring.capacity)
            waiting.append(content)
        if left or len(state) < counters.nbytes:
            raise ConfigError("the snapshot is truncated or belongs to another loop")
        counters[:] = np.frombuffer(state, np.int64, counters.size).reshape(counters.shape)
        for feed, content in zip(self.feeds, waiting, strict=True):
            refill(feed.ring, content)
        self.table[:, F_TOLD] = self._lost() - self.table[:, F_TOLD]

    def _lost(self) -> Int64s:
        dropped = [feed.ring.dropped for feed in self.feeds]
        return self.table[:, F_EXPIRED] + np.array(dropped, np.int64)


_READ_AHEAD_US = 50_000
_SPARE, _SPARE_LARGE, _LARGE_BYTES = 16, 4, 1 << 16
_MOST_BYTES = 1 << 23


def waiting(rate_hz: float, ahead_us: int, message_bytes: int) -> int:
    """Return how many messages of a feed may wait: those of its latency and of reading ahead.

    Large ones have less to spare, and those of a feed take at most 8 MiB, or four of them.
    """
    spare = _SPARE if message_bytes < _LARGE_BYTES else _SPARE_LARGE
    wanted = spare + math.ceil(rate_hz * (ahead_us + _READ_AHEAD_US) / 1e6)
    return min(wanted, max(_MOST_BYTES // max(message_bytes, 1), _SPARE_LARGE))


EVENTS_A_MESSAGE = 4096
"""room for the spikes of a source or of a Python encoder in one tick"""


def spike_bytes(units: int, capacity: int = 0) -> int:
    """Return the payload room for a tick's spikes of a port; 0 is no capacity declared."""
    return EVENT_BYTES * (capacity or max(units, EVENTS_A_MESSAGE))
