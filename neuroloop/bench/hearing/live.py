"""A microphone, a cochlea and a small network by the wall clock, with nothing but sound made up.

The microphone is a virtual one; all else is what a user runs.
"""

import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroloop.bench.hearing.counted import Heard, counting, heard
from neuroloop.bench.loop.stress import stressed
from neuroloop.config import runfile
from neuroloop.core.errors import PartError
from neuroloop.core.values import Float32s, Reading, Sound
from neuroloop.runtime.loop import Loop
from neuroloop.runtime.session import played
from neuroloop.runtime.transducing import Transducing
from neuroloop.testing.virtual_microphone import VirtualMicrophone

_RATE_HZ = 16_000
_BEFORE_S, _AFTER_S = 1.5, 1.5
"""of silence, in which the run starts, and the last samples come"""


@dataclass(frozen=True)
class Spread:
    """A distribution in us."""

    p50_us: float
    p99_us: float
    p999_us: float
    max_us: float


@dataclass(frozen=True)
class Hearing:
    """What a run heard, and how soon."""

    seconds: float
    stress: tuple[str, ...]
    heard: Heard
    to_ring: Spread
    """from PortAudio's call with a block until its spikes were in the ring"""
    arrivals: Spread
    """between two blocks"""
    counts: Mapping[str, int]
    """what the microphone counted"""
    block_us: int
    dt_us: int


class _Watch:
    """Looks on where the microphone is read, in a run that knows nothing of it."""

    def __init__(self) -> None:
        self.blocks: list[Float32s] = []
        self.arrived_ns: list[int] = []
        self.done_ns: list[int] = []
        self._source: Any = None
        self._batch: list[int] = []

    def place(self, loop: Loop) -> Sequence[Any]:
        """Look on where the spikes of each block go into their ring."""
        (self._source,) = loop.sources
        (own,) = self._source.transducing
        self._source.transducing[:] = [_Timed(own, self)]
        return ()

    @property
    def counts(self) -> Mapping[str, int]:
        """What the microphone and the cochlea counted."""
        found: Mapping[str, int] = self._source.counts
        return found

    def done(self, reading: Reading) -> None:
        """Note a block whose spikes are in the ring."""
        now_ns = time.monotonic_ns()
        if self._source.part.arrived_ns is not self._batch:
            self._batch = self._source.part.arrived_ns
            self.arrived_ns += self._batch
        if isinstance(reading, Sound):
            self.blocks.append(reading.samples)
            self.done_ns.append(now_ns)


class _Timed:
    """In the place of the encoder: does the same, then says so."""

    def __init__(self, own: Transducing, watch: _Watch) -> None:
        self._own, self._watch = own, watch
        self.name, self.part, self.feed = own.name, own.part, own.feed
        self.latency_us = own.latency_us

    def take(self, reading: Reading, dt_us: int) -> None:
        """Send the spikes of one reading."""
        self._own.take(reading, dt_us)
        self._watch.done(reading)


def measure(seconds: float, stress: tuple[str, ...] = ()) -> Hearing:
    """Play ``seconds`` of sound to a live run and look at what becomes of it.

    ``stress`` names what keeps the machine busy meanwhile (`neuroloop.bench.loop.stress`).

    Raises
    ------
    MachineError
        Where PulseAudio, PortAudio or the package for it is missing.
    PartError
        Where the run heard nothing at all.
    """
    whole_s = _BEFORE_S + seconds + _AFTER_S
    run = runfile.load(
        "live_microphone",
        [
            "clock.kind=wall",
            f"run.seconds={whole_s}",
            f"sensor.microphone.rate_hz={_RATE_HZ}",
            "guard.arm=manual",
        ],
    )
    watch = _Watch()
    sound = counting(round(seconds * _RATE_HZ))
    with (
        VirtualMicrophone(_RATE_HZ) as microphone,
        _environment(microphone.environment),
        stressed(stress),
    ):
        player = threading.Timer(_BEFORE_S, microphone.play, (sound,), {"wait": False})
        with played(run, watch.place, lambda _: [_running(player)]) as session:
            counts, dt_us = dict(watch.counts), session.loop.dt_us
    if not watch.blocks:
        raise PartError("the run heard nothing; is this machine too busy?")
    done = np.array(watch.done_ns)
    arrived = np.array(watch.arrived_ns[: len(done)])
    return Hearing(
        seconds=seconds,
        stress=stress,
        heard=heard(watch.blocks, len(sound)),
        to_ring=_spread((done - arrived) / 1e3),
        arrivals=_spread(np.diff(arrived) / 1e3),
        counts=counts,
        block_us=round(len(watch.blocks[0]) / _RATE_HZ * 1e6),
        dt_us=dt_us,
    )


@contextmanager
def _running(player: threading.Timer) -> Iterator[None]:
    player.start()
    try:
        yield
    finally:
        player.cancel()


@contextmanager
def _environment(more: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(more)
    try:
        yield
    finally:
        for name in more:
            if name in before:
                os.environ[name] = before[name]
            else:
                del os.environ[name]


def _spread(us: NDArray[np.float64]) -> Spread:
    return Spread(*np.percentile(us, (50, 99, 99.9, 100)).tolist())
