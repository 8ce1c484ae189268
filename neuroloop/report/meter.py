"""Counts what ticks cost and fingerprints what they did; a sink of every run."""

import hashlib
from array import array
from dataclasses import dataclass

import numpy as np

from neuroloop.core.message import (
    EXACT_BYTES,
    R_BYTES,
    R_ENGINE_NS,
    R_INTAKE_NS,
    R_LATE_NS,
    R_SPIKES_IN,
    R_SPIKES_OUT,
    R_STATUS,
    R_SYNOPS,
    RECORD_BYTES,
)
from neuroloop.core.values import UInt8s


@dataclass(frozen=True)
class Quantiles:
    """Of a time, in microseconds."""

    p50_us: float
    p99_us: float
    p999_us: float
    max_us: float


def quantiles(times_ns: "array[int]") -> Quantiles:
    """Return the quantiles of times in nanoseconds; zeros where there are none."""
    if not times_ns:
        return Quantiles(0.0, 0.0, 0.0, 0.0)
    times_us = np.frombuffer(times_ns, np.int64) / 1e3
    return Quantiles(*(float(q) for q in np.percentile(times_us, [50, 99, 99.9, 100])))


class Meter:
    """Sums up every tick as it goes by."""

    def __init__(self) -> None:
        self.tick_ns = array("q")
        self.late_ns = array("q")
        self.spikes_in = 0
        self.spikes = 0
        self.synaptic_operations = 0
        self.refused = 0
        """events that named no such unit or found no room"""
        self._digest = hashlib.blake2b(digest_size=8)

    def take(self, record: UInt8s, outcome: UInt8s) -> None:
        """Look at one tick."""
        del record
        words = outcome[:RECORD_BYTES].view(np.int64).tolist()
        self.tick_ns.append(words[R_INTAKE_NS] + words[R_ENGINE_NS])
        self.late_ns.append(words[R_LATE_NS])
        self.spikes_in += words[R_SPIKES_IN]
        self.spikes += words[R_SPIKES_OUT]
        self.synaptic_operations += words[R_SYNOPS]
        self.refused += words[R_STATUS]
        self._digest.update(outcome[:EXACT_BYTES].data)
        self._digest.update(outcome[RECORD_BYTES : words[R_BYTES]].data)

    @property
    def ticks(self) -> int:
        """How many went by."""
        return len(self.tick_ns)

    @property
    def fingerprint(self) -> str:
        """Equal for two runs whose every spike and motion are the same, bit for bit."""
        return self._digest.hexdigest()
