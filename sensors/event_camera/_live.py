"""Events over UDP as a sensor, in run time."""

import time
from collections.abc import Mapping
from typing import Self

from neuroloop.core.values import SourceSpec, Spikes
from sensors._run_time import RunTime
from sensors.event_camera._stream import Stream
from sensors.event_camera._thin import Thinner


class Live:
    """Yields the events of a stream as spikes; a context manager."""

    def __init__(self, spec: SourceSpec, stream: Stream, thinner: Thinner) -> None:
        self.spec, self._stream, self._thinner = spec, stream, thinner
        self._time = RunTime()
        self._last_us = 0

    def __enter__(self) -> Self:
        """Begin to listen."""
        self._stream.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening."""
        self._stream.__exit__()

    @property
    def counts(self) -> Mapping[str, int]:
        """What was lost or refused, and events that were over capacity."""
        over = self._thinner.dropped
        return dict(self._stream.counts) | ({"events over capacity": over} if over else {})

    def read(self, until_us: int) -> list[Spikes]:
        """Return the events stamped before ``until_us``, which is now."""
        zero_us = self._time.read(until_us, time.monotonic_ns() // 1000)
        if zero_us is None:
            return []
        t_us, unit = self._stream.taken(zero_us + until_us)
        t_us -= zero_us
        # what is from before the run is of no use
        first = int((t_us < 0).sum())
        # the beginning of run time seems earlier as more is known, and stamps never go back
        spikes = Spikes(t_us[first:].clip(self._last_us), unit[first:])
        spikes = self._thinner.kept(spikes)
        if not len(spikes.t_us):
            return []
        self._last_us = int(spikes.t_us[-1])
        return [spikes]
