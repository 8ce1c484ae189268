"""The sensor ``microphone`` that takes down what came and when, wherever it lives.

It may live in a process of its own, so what it took down is a file, written when it is closed.
"""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
from msgspec import Struct

from neuroloop.config import resolve
from neuroloop.core.ports import Site
from neuroloop.core.values import Float32s, Int64s, Sound, SourceSpec

KIND = __name__


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[sensor.NAME]``; those that are not here are the microphone's own defaults."""

    trace: str
    """file for `Trace`"""
    rate_hz: int = 16_000
    block_ms: float = 10.0


class Trace(Struct, frozen=True):
    """What came, a row a block."""

    samples: Float32s
    """``float32[blocks, n]``"""
    arrived_ns: Int64s
    """when PortAudio called with it, by the monotonic clock"""
    done_ns: Int64s
    """when its spikes were in their ring"""


def load(path: Path) -> Trace | None:
    """Return what was taken down; None where nothing came."""
    if not path.is_file():
        return None
    with np.load(path) as file:
        return Trace(*(file[name] for name in Trace.__struct_fields__))


class _Watched(list[Sound]):
    """Blocks that note when whoever reads them was done with each: when the next was asked for.

    They may be gone through more than once, first to be checked: the last time counts.
    """

    def __init__(self, blocks: list[Sound], done_ns: list[int]) -> None:
        super().__init__(blocks)
        self._done_ns = done_ns

    def __iter__(self) -> Iterator[Sound]:  # type: ignore[explicit-override]
        for k, block in enumerate(super().__iter__()):
            yield block
            self._done_ns[k] = time.monotonic_ns()


class TracedMicrophone:
    """Passes on what a microphone says; a context manager."""

    def __init__(self, microphone: Any, path: Path) -> None:
        self._microphone, self._path = microphone, path
        self._samples: list[Float32s] = []
        self._arrived_ns: list[int] = []
        self._done_ns: list[list[int]] = []

    def __enter__(self) -> Self:
        """Open the microphone."""
        self._microphone.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        """Close it, and write down what came of it."""
        self._microphone.__exit__(*error)
        if self._samples:
            np.savez(
                self._path,
                samples=np.array(self._samples),
                arrived_ns=np.array(self._arrived_ns),
                done_ns=np.concatenate(self._done_ns),
            )

    @property
    def spec(self) -> SourceSpec:
        """What it yields."""
        spec: SourceSpec = self._microphone.spec
        return spec

    @property
    def counts(self) -> Mapping[str, int]:
        """What was lost, and where."""
        counts: Mapping[str, int] = self._microphone.counts
        return counts

    def read(self, until_us: int) -> list[Sound]:
        """Return the blocks that ended before ``until_us``."""
        found = self._microphone.read(until_us)
        self._samples += [sound.samples[:, 0] for sound in found]
        self._arrived_ns += self._microphone.arrived_ns
        self._done_ns.append([0] * len(found))
        return _Watched(found, self._done_ns[-1])


def build(config: Config, site: Site) -> TracedMicrophone:
    """Return a source of `Sound`, to be entered before it is read."""
    microphone = resolve.module("sensor", "microphone", site.folder, site.name)
    own = microphone.Config(rate_hz=config.rate_hz, block_ms=config.block_ms)
    return TracedMicrophone(microphone.build(own, site), Path(config.trace))
