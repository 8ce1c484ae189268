"""A microphone, a cochlea and a small network by the wall clock, with nothing but sound made up.

The microphone is a virtual one; all else is what a user runs.
"""

import os
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neuroloop.bench.hearing import traced
from neuroloop.bench.hearing.counted import Heard, counting, heard
from neuroloop.bench.loop.stress import stressed
from neuroloop.config import runfile
from neuroloop.core.errors import PartError
from neuroloop.runtime.session import played
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
    process: bool
    """whether microphone and cochlea had a process of their own"""
    heard: Heard
    to_ring: Spread
    """from PortAudio's call with a block until its spikes were in the ring"""
    arrivals: Spread
    """between two blocks"""
    counts: Mapping[str, int]
    """what the microphone counted"""
    block_us: int
    dt_us: int


def measure(seconds: float, stress: tuple[str, ...] = (), *, process: bool = False) -> Hearing:
    """Play ``seconds`` of sound to a live run and look at what becomes of it.

    ``stress`` names what keeps the machine busy meanwhile (`neuroloop.bench.loop.stress`); with
    ``process`` the microphone and its cochlea have a process of their own.

    Raises
    ------
    MachineError
        Where PulseAudio, PortAudio or the package for it is missing.
    PartError
        Where the run heard nothing at all.
    """
    whole_s = _BEFORE_S + seconds + _AFTER_S
    sound = counting(round(seconds * _RATE_HZ))
    with (
        tempfile.TemporaryDirectory(prefix="hearing") as folder,
        VirtualMicrophone(_RATE_HZ) as microphone,
        _environment(microphone.environment),
        stressed(stress),
    ):
        path = Path(folder) / "trace.npz"
        run = runfile.load("live_microphone", _changes(whole_s, path, process=process))
        player = threading.Timer(_BEFORE_S, microphone.play, (sound,), {"wait": False})
        with played(run, lambda _: (), lambda _: [_running(player)]) as session:
            counts, dt_us = dict(session.loop.sources[0].counts), session.loop.dt_us
        trace = traced.load(path)
    if trace is None:
        raise PartError("the run heard nothing; is this machine too busy?")
    return Hearing(
        seconds=seconds,
        stress=stress,
        process=process,
        heard=heard(list(trace.samples[:, :, None]), len(sound)),
        to_ring=_spread((trace.done_ns - trace.arrived_ns) / 1e3),
        arrivals=_spread(np.diff(trace.arrived_ns) / 1e3),
        counts=counts,
        block_us=round(trace.samples.shape[1] / _RATE_HZ * 1e6),
        dt_us=dt_us,
    )


def _changes(seconds: float, trace: Path, *, process: bool) -> list[str]:
    return [
        "clock.kind=wall",
        f"run.seconds={seconds}",
        f"sensor.microphone.kind={traced.KIND}",
        f"sensor.microphone.trace={trace}",
        f"sensor.microphone.rate_hz={_RATE_HZ}",
        f"sensor.microphone.process={'true' if process else 'false'}",
        "guard.arm=manual",
    ]


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
