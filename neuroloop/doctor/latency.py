"""How old a reading is when it is there: the sensors of a run file, opened as a live run would.

The age is taken where the tick takes a reading from, at its ring, some ten times a millisecond.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from neuroloop.config import runfile
from neuroloop.core.errors import ConfigError, MachineError, PartError, nearest
from neuroloop.core.message import MESSAGE_BYTES, T_US
from neuroloop.core.ports import Site
from neuroloop.core.values import UInt8s
from neuroloop.runtime.assemble import opened
from neuroloop.runtime.host.host import Host
from neuroloop.runtime.live.beside import Beside
from neuroloop.runtime.live.latencies import latency_us
from neuroloop.runtime.loop import Loop
from neuroloop.runtime.source import OpenSource

_LOOK_S = 1e-4
_SHORTEST_S, _LONGEST_S = 1e-3, 0.02
"""between two looks at a sensor without a process of its own: four in each of its periods"""
_HOSTS_NS = 10_000_000
_END_S = 0.5


@dataclass(frozen=True)
class SensorLatency:
    """What one sensor did; ages are from a reading's stamp until it was in its ring."""

    sensor: str
    recorded: bool
    """a file: its readings are there before their time"""
    readings: int
    declared_hz: float
    """0 where readings come when they come"""
    seen_hz: float
    jitter_us: float
    """standard deviation of the time between two readings"""
    p50_us: float
    p99_us: float
    max_us: float
    declared_ms: float | None
    """`latency_ms` of the run file"""
    latency_ms: float
    """what a run file would declare, and what a live run would measure"""


@dataclass
class _Watched:
    """A sensor's ring, read in place of a tick."""

    source: OpenSource
    message: UInt8s = field(init=False)
    stamps_us: list[int] = field(default_factory=list)
    arrivals_us: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        n_bytes = MESSAGE_BYTES + self.source.feed.message_bytes
        self.message = np.zeros(n_bytes // 8 + 1, np.int64).view(np.uint8)

    def look(self, start_ns: int) -> None:
        """Take what is there."""
        while self.source.feed.ring.pop(self.message):
            self.arrivals_us.append((time.monotonic_ns() - start_ns) // 1000)
            self.stamps_us.append(int(self.message[:MESSAGE_BYTES].view(np.int64)[T_US]))

    def summed(self, dt_us: int, declared_ms: float | None) -> SensorLatency:
        """Sum up."""
        arrived = np.array(self.arrivals_us, np.float64)
        age = arrived - np.array(self.stamps_us, np.float64)
        apart = np.diff(arrived)
        p50, p99, most = np.percentile(age, [50, 99, 100]) if len(age) else (0.0, 0.0, 0.0)
        return SensorLatency(
            sensor=self.source.spec.name,
            recorded=self.source.recorded,
            readings=len(age),
            declared_hz=self.source.spec.rate_hz,
            seen_hz=1e6 / float(apart.mean()) if apart.any() else 0.0,
            jitter_us=float(apart.std()) if len(apart) else 0.0,
            p50_us=float(p50),
            p99_us=float(p99),
            max_us=float(most),
            declared_ms=declared_ms,
            latency_ms=latency_us(int(most), dt_us) / 1e3,
        )


def measure(
    name: str, sensor: str | None = None, seconds: float = 3.0, changes: Sequence[str] = ()
) -> list[SensorLatency]:
    """Open the sensors of a run file, or one of them, for ``seconds`` and see what comes.

    Raises
    ------
    ConfigError
        Where the run file has no sensor, or none of this name.
    PartError
        Where a sensor fails.
    """
    run = _live(name, changes)
    declared = {part.name: timing.latency_ms for part, timing in run.sensors}
    if not declared:
        raise ConfigError(f"{run.path}: it has no sensor to measure")
    if sensor is not None and sensor not in declared:
        raise ConfigError(f'{run.path}: no sensor "{sensor}"{nearest(sensor, declared)}')
    dt_us = run.clock.config.dt_us
    with opened(run, dt_us) as loop:
        watched = [_Watched(s) for s in loop.sources if sensor in {None, s.spec.name}]
        _watch(loop, watched, seconds)
        return [w.summed(dt_us, declared[w.source.spec.name]) for w in watched]


def _live(name: str, changes: Sequence[str]) -> runfile.RunFile:
    """Load a run file for the wall clock, whatever clock it names."""
    run = runfile.load(name, changes)
    if run.clock.kind != "wall":
        clock = f'clock={{kind="wall", dt_us={run.clock.config.dt_us}}}'
        run = runfile.load(name, [*changes, clock])
    site = Site("clock", run.run.seed, run.clock.config.dt_us, run.folder)
    run.clock.module.build(run.clock.config, site)  # says so where this machine cannot
    return run


def _watch(loop: Loop, watched: Sequence[_Watched], seconds: float) -> None:
    """Let run time begin and look at the rings until it is over."""
    hosts = loop.live.hosts if loop.live else ()
    start_ns = time.monotonic_ns()
    end_ns = start_ns + round(seconds * 1e9)
    for host in hosts:
        host.begin(start_ns)
    with _polled([w.source for w in watched], start_ns) as beside:
        next_look_ns = start_ns
        while (now_ns := time.monotonic_ns()) < end_ns:
            for one in watched:
                one.look(start_ns)
            if now_ns >= next_look_ns:
                next_look_ns = now_ns + _HOSTS_NS
                _look_after(hosts, beside, now_ns)
            time.sleep(_LOOK_S)


def _look_after(hosts: Sequence[Host], beside: Sequence[Beside], now_ns: int) -> None:
    """Raise what ended one of them."""
    for host in hosts:
        host.look(now_ns)
        if host.dead:
            raise PartError(host.dead)
    for poll in beside:
        if poll.error is not None:
            raise poll.error


@contextmanager
def _polled(sources: Sequence[OpenSource], start_ns: int) -> Iterator[list[Beside]]:
    """Read the sensors that have no process of their own, each in a thread, as a live run does."""
    beside = [_reader(source, start_ns) for source in sources if not source.hosted]
    for one in beside:
        one.start()
    try:
        yield beside
    finally:
        for one in beside:
            one.ask_to_stop()
        hung = [one.name for one in beside if not one.ended(_END_S)]
        if hung:
            raise MachineError(f"{', '.join(hung)} hangs: a call has not returned")


def _reader(source: OpenSource, start_ns: int) -> Beside:
    rate = source.spec.rate_hz
    period_s = min(max(0.25 / rate, _SHORTEST_S), _LONGEST_S) if rate else _SHORTEST_S

    def poll() -> None:
        source.poll((time.monotonic_ns() - start_ns) // 1000)

    return Beside(f'sensor "{source.spec.name}"', poll, period_s)
