"""A sensor in the process of a host: fills its ring, and is opened anew where it fails."""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from neuroloop.core.errors import NeuroloopError
from neuroloop.core.ports import Finite, Source, Stateful
from neuroloop.core.shared import load, store
from neuroloop.core.values import Int64s, Reading, SourceSpec, Spikes
from neuroloop.runtime.boundary import blame, check_reading
from neuroloop.runtime.feed import Feed
from neuroloop.runtime.host.backoff import Backoff
from neuroloop.runtime.host.memory import AGE_OF, AGE_US, ENDED, FORGETS, LATENCY_US, PUSHED
from neuroloop.runtime.transducing import Transducing, counted

_log = logging.getLogger("neuroloop.host")
_READ_AHEAD_US = 50_000
"""recordings are read before their time; each reading waits in its ring until it is due"""

Tell = Callable[[str, bool, str], None]
"""takes name, whether it is well again, and what happened in words"""


class HostedSensor:
    """One open sensor.

    Parameters
    ----------
    name
        In the run file.
    build
        Builds it and opens it in a stack.
    words, shared
        Its own counters and those of the host, see `memory`.
    """

    def __init__(
        self, name: str, build: Callable[[ExitStack], Source], words: Int64s, shared: Int64s
    ) -> None:
        self.name = name
        self._build, self._words, self._shared = build, words, shared
        self._stack = ExitStack()
        self._source = build(self._stack)
        self.spec: SourceSpec = self._source.spec
        self.finite = isinstance(self._source, Finite)
        """whether it is a recording"""
        self._feed: Feed | None = None
        self._transducing: Sequence[Transducing] = ()
        self._dt_us = 0
        self._backoff = Backoff()
        self._failing = False
        self._start_ns = self._retry_ns = 0

    def close(self) -> None:
        """Close what it holds open."""
        self._stack.close()

    def connect(self, feed: Feed, dt_us: int, transducing: Sequence[Transducing] = ()) -> None:
        """Fill this feed, and those of its encoders, from now on."""
        self._feed, self._dt_us, self._transducing = feed, dt_us, transducing

    def counts(self) -> dict[str, int]:
        """Return what it and its encoders counted since it was opened."""
        return counted(self._source, self._transducing)

    def begin(self, start_ns: int, at_us: int) -> None:
        """Run time was 0 at ``start_ns``; recordings lose what they have before ``at_us``."""
        self._start_ns = start_ns
        if not self.finite:
            return
        try:
            self._source.read(at_us)
        except Exception as error:
            blame("sensor", self.name, error)

    def rehearse(self, until_us: int) -> None:
        """Measure once and undo it, so that nothing has to be compiled in the first round."""
        if isinstance(self._source, Stateful):
            state = self._source.snapshot()
            self._source.read(until_us)
            self._source.restore(state)

    def poll(self, until_us: int, now_ns: int, tell: Tell) -> None:
        """Push what is stamped before ``until_us``.

        What fails is told once, then tried again after a while, opened anew.
        """
        if now_ns < self._retry_ns:
            return
        try:
            readings = self._read(until_us + (_READ_AHEAD_US if self.finite else 0))
        except NeuroloopError as error:
            self._failed(error, now_ns, tell)
            return
        if self._failing:
            self._failing, self._retry_ns = False, 0
            tell(self.name, True, f'sensor "{self.name}" is back')
        try:
            for reading in readings:
                self._push(reading)
        except NeuroloopError as error:
            self._failed(error, now_ns, tell)
        if self.finite and self._source.ended:  # type: ignore[attr-defined]
            store(self._words, ENDED, 1)

    def _failed(self, error: NeuroloopError, now_ns: int, tell: Tell) -> None:
        self._retry_ns = self._backoff.failed(now_ns)
        if not self._failing:
            self._failing = True
            tell(self.name, False, str(error))

    def _read(self, until_us: int) -> Sequence[Reading]:
        try:
            if self._failing:
                self._reopen()
            readings = self._source.read(until_us)
            for reading in readings:
                check_reading(self.spec, reading)
        except Exception as error:
            blame("sensor", self.name, error)
        return readings

    def _reopen(self) -> None:
        try:
            self._stack.close()
        except Exception as error:  # it failed already, and how it ends matters less
            _log.warning('sensor "%s": could not be closed: %s', self.name, error)
        self._source = self._build(self._stack)

    def _push(self, reading: Reading) -> None:
        words, feed = self._words, self._feed
        if feed is None:
            return
        if isinstance(reading, Spikes):
            if not len(reading.t_us):
                return
            stamp_us = int(reading.t_us.min())
            feed.latency_us = load(words, LATENCY_US)
            feed.spikes(reading, self._dt_us)
        else:
            stamp_us = reading.t_us
            feed.reading(reading)
        for one in self._transducing:
            one.feed.latency_us = load(words, LATENCY_US) + one.latency_us
            one.take(reading, self._dt_us)
        forgets = load(self._shared, FORGETS)
        largest = load(words, AGE_US) if load(words, AGE_OF) == forgets else 0
        age_us = (time.monotonic_ns() - self._start_ns) // 1000 - stamp_us
        store(words, AGE_US, max(largest, age_us))
        store(words, AGE_OF, forgets)
        store(words, PUSHED, load(words, PUSHED) + 1)
