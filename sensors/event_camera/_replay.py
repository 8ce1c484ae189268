"""A recording as a sensor: its first event is stamped 0."""

import json
from collections.abc import Iterator, Mapping
from typing import Self

import numpy as np

from neuroloop.core.errors import ConfigError
from neuroloop.core.values import SourceSpec, Spikes
from sensors.event_camera._events import Events
from sensors.event_camera._recording import Recording
from sensors.event_camera._thin import Thinner


class Replay:
    """Yields the events of a recording as spikes; a context manager.

    Parameters
    ----------
    spec
        What it yields.
    loop
        Whether it starts again at the end, for ever; a lap begins 1 us after the one before it.
    """

    def __init__(
        self, spec: SourceSpec, recording: Recording, thinner: Thinner, *, loop: bool
    ) -> None:
        self.spec, self._recording, self._thinner, self._loop = spec, recording, thinner, loop
        self._batches: Iterator[Events] = iter(())
        self._batch: Events | None = None  # what of the batch at hand was not given yet
        self._origin_us = 0  # the recording's time of its first event
        self._start_us = 0  # run time of this lap's first event
        self._given = 0  # events of this lap
        self._last_us = -1

    def __enter__(self) -> Self:
        """Decode the first events."""
        self._rewind(0, 0)
        if self._batch is None:
            where = f"; {self._recording.broken}" if self._recording.broken else ""
            raise ConfigError(f"`source`: {self._recording.path}: holds no event{where}")
        # compiled here, and not between two ticks
        self._thinner.kept(self._spikes(self._batch[:0]))
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._batches, self._batch = iter(()), None

    @property
    def ended(self) -> bool:
        """Whether the last event was returned; never, where it loops."""
        return self._batch is None

    @property
    def counts(self) -> Mapping[str, int]:
        """What is wrong with the recording, and events that were over capacity."""
        over = self._thinner.dropped
        return dict(self._recording.counts) | ({"events over capacity": over} if over else {})

    def read(self, until_us: int) -> list[Spikes]:
        """Return the events stamped before ``until_us``."""
        found = []
        while self._batch is not None:
            cut = int(np.searchsorted(self._batch.t_us, until_us - self._shift_us))
            if not cut:
                break
            spikes = self._thinner.kept(self._spikes(self._batch[:cut]))
            self._last_us = int(self._batch.t_us[cut - 1]) + self._shift_us
            if len(spikes.t_us):
                found.append(spikes)
            self._given += cut
            self._batch = self._batch[cut:] if cut < len(self._batch) else self._next()
        return found

    def snapshot(self) -> bytes:
        """Return the place in the recording, as JSON."""
        place = {
            "start_us": self._start_us,
            "given": self._given,
            "last_us": self._last_us,
            "thinner": self._thinner.state.tolist(),
        }
        return json.dumps(place).encode()

    def restore(self, state: bytes) -> None:
        """Go back to a snapshot: decode the recording again from its start."""
        place = json.loads(state)
        self._thinner.state[:] = place["thinner"]
        self._last_us = place["last_us"]
        self._rewind(place["start_us"], place["given"])

    @property
    def _shift_us(self) -> int:
        return self._start_us - self._origin_us

    def _spikes(self, events: Events) -> Spikes:
        spikes = events.spikes(self._recording.width, self._recording.height)
        return Spikes(spikes.t_us + self._shift_us, spikes.unit)

    def _rewind(self, start_us: int, given: int) -> None:
        """Begin a lap at a run time, ``given`` events after its first one."""
        self._batches = iter(self._recording)
        self._start_us, self._given = start_us, given
        self._batch = next(self._batches, None)
        if self._batch is not None:
            self._origin_us = int(self._batch.t_us[0])
        while self._batch is not None and given >= len(self._batch):
            given -= len(self._batch)
            self._batch = next(self._batches, None)
        if self._batch is not None:
            self._batch = self._batch[given:]

    def _next(self) -> Events | None:
        """Return the next batch, at the end of a recording that loops its first one."""
        batch = next(self._batches, None)
        if batch is None and self._loop:
            self._rewind(self._last_us + 1, 0)
            batch = self._batch
        return batch
