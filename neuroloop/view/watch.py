"""Opens a sensor and its encoders without a run, and looks at them by the monotonic clock."""

import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Self

import numpy as np

from neuroloop.config.runfile import Part
from neuroloop.core.ports import Counting, Site, Transducer
from neuroloop.core.values import Frame, Reading, Sound, SourceSpec, Spikes
from neuroloop.runtime.boundary import blame, check_reading
from neuroloop.runtime.host.parts import opened
from neuroloop.view.scene import Fired, Scene
from neuroloop.view.subject import Subject

WINDOW_US = 2_000_000
"""of what is shown"""
_MOST_SPIKES = 200_000
"""of one encoder that are kept"""
_MOST_READINGS = 4000


class Watch:
    """A sensor that is open, with what came of late; a context manager."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._stack = ExitStack()
        self._source: Any = None
        self._readings: deque[Reading] = deque(maxlen=_MOST_READINGS)
        self._arrivals: deque[int] = deque(maxlen=_MOST_READINGS)
        self._trains: list[_Train] = []
        self._encoders: list[tuple[Part, Transducer, _Train]] = []
        self._notes: list[str] = []
        self._start_us = 0

    def __enter__(self) -> Self:
        """Open the sensor and build the encoders."""
        with ExitStack() as stack:
            self._source = self._open(self._subject.sensor, stack)
            spec = self._source.spec
            if spec.reading is Spikes:
                self._trains.append(_Train(spec.name, spec.shape[0], None))
            for part in self._subject.encoders:
                self._take(part, self._open(part, stack, spec), spec)
            self._stack = stack.pop_all()
        self._start_us = time.monotonic_ns() // 1000
        return self

    def __exit__(self, *_: object) -> None:
        """Close them."""
        self._stack.close()

    def look(self) -> bool:
        """Take in what came since the last look; whether anything did."""
        until_us = time.monotonic_ns() // 1000 - self._start_us + 1
        spec, name = self._source.spec, self._subject.sensor.name
        try:
            readings = self._source.read(until_us)
            for reading in readings:
                check_reading(spec, reading)
        except Exception as error:
            blame("sensor", name, error)
        for reading in readings:
            self._arrivals.append(until_us)
            if isinstance(reading, Spikes):
                self._trains[0].add(reading)
                continue
            if isinstance(reading, Frame):
                self._readings.clear()
            self._readings.append(reading)
            self._encode(reading)
        return bool(len(readings))

    def scene(self) -> Scene:
        """Return what there is to see now."""
        now_us = time.monotonic_ns() // 1000 - self._start_us
        start_us = now_us - WINDOW_US
        newest = self._readings[-1] if self._readings else None
        kept = tuple(r for r in self._readings if r is newest or _stamp(r) >= start_us)
        since = [t for t in self._arrivals if t >= start_us]
        span_us = max(min(now_us, WINDOW_US), 1)
        return Scene(
            spec=self._source.spec,
            now_us=now_us,
            window_us=WINDOW_US,
            readings=kept,
            rate_hz=1e6 * len(since) / span_us,
            fired=tuple(train.fired(start_us) for train in self._trains),
            notes=(*self._notes, *self._counts()),
        )

    @property
    def ended(self) -> bool:
        """Whether the sensor is a file that has come to its end."""
        return bool(getattr(self._source, "ended", False))

    def _open(self, part: Part, stack: ExitStack, source: SourceSpec | None = None) -> Any:
        it = self._subject
        folder = it.path.parent
        site = Site(part.name, it.seed, it.dt_us, folder, source=source, role=part.role)
        return opened(part, site, it.path, stack)

    def _take(self, part: Part, built: object, spec: SourceSpec) -> None:
        if not isinstance(built, Transducer):
            self._notes.append(f'encoder "{part.name}" ({part.kind}) works in the tick of a run')
            return
        height, width = spec.shape if spec.reading is Frame else (0, 0)
        pixels = (height, width) if built.units == 2 * height * width else None
        train = _Train(part.name, built.units, pixels)
        self._trains.append(train)
        self._encoders.append((part, built, train))

    def _encode(self, reading: Reading) -> None:
        for part, encoder, train in self._encoders:
            try:
                train.add(encoder.transduce(reading))
            except Exception as error:
                blame("encoder", part.name, error)

    def _counts(self) -> Iterator[str]:
        for part in (self._source, *(encoder for _, encoder, _ in self._encoders)):
            if isinstance(part, Counting):
                yield from (f"{what}: {n:,}" for what, n in part.counts.items() if n)
        yield from (
            f"{t.name}: {t.left_out:,} spikes not drawn" for t in self._trains if t.left_out
        )


class _Train:
    """The spikes of late of one encoder, or of the sensor itself."""

    def __init__(self, name: str, units: int, shape: tuple[int, int] | None) -> None:
        self.name, self._units, self._shape = name, units, shape
        self._batches: deque[Spikes] = deque()
        self._kept = 0
        self.left_out = 0
        """because there were too many"""

    def add(self, spikes: Spikes) -> None:
        """Keep spikes, and forget the oldest where they are too many."""
        if not len(spikes.t_us):
            return
        self._batches.append(spikes)
        self._kept += len(spikes.t_us)
        while self._kept > _MOST_SPIKES and len(self._batches) > 1:
            self.left_out += self._forget()

    def fired(self, start_us: int) -> Fired:
        """Return those since ``start_us``, and forget the others."""
        while self._batches and int(self._batches[0].t_us[-1]) < start_us:
            self._forget()
        if not self._batches:
            none = np.empty(0, np.int64)
            return Fired(self.name, self._units, none, none, self._shape)
        t_us = np.concatenate([b.t_us for b in self._batches])
        unit = np.concatenate([b.unit for b in self._batches]).astype(np.int64)
        order = np.argsort(t_us, kind="stable")
        return Fired(self.name, self._units, t_us[order], unit[order], self._shape)

    def _forget(self) -> int:
        n = len(self._batches.popleft().t_us)
        self._kept -= n
        return n


def _stamp(reading: Reading) -> int:
    if isinstance(reading, Sound):
        return reading.t_us + round(1e6 * len(reading.samples) / reading.rate_hz)
    return int(np.max(reading.t_us))
