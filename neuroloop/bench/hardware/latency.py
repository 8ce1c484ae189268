"""How long it takes from a scan to the wheels, by the twin's own clock.

Two legs are measured: until a scan may enter a tick, which is a time that the brain's run declares
or measures once and keeps to (scans that come later are counted), and from sending a command until
the twin took it, as exact as the twin knows the brain's clock.  What a command was computed from is
not in it.  The whole is from a scan's stamp until the first command was taken that was sent when a
tick with this scan had certainly been handed over: `HANDED_OVER_US` after the scan was due.  It
holds the waiting for that tick and for the next command, which depend on both rates.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neuroloop.core.values import Int64s

HANDED_OVER_US = 1000
"""a live run hands motion to parts in Python each millisecond"""


@dataclass(frozen=True)
class Spread:
    """A distribution in us."""

    count: int
    p50: float
    p99: float
    max: float


@dataclass(frozen=True)
class Latency:
    """Of one drive or of several."""

    enters_us: int
    """after its stamp a scan enters the tick that holds this time"""
    late_scans: int
    """came later, and entered a later tick"""
    uncertainty_us: float
    """how well the twin knew the brain's clock, at worst"""
    ages_us: tuple[int, ...]
    """of the commands, from sending to taking"""
    ways_us: tuple[int, ...]
    """of the scans, from stamp to wheel"""

    @property
    def age(self) -> Spread | None:
        """Of the commands."""
        return _spread(self.ages_us)

    @property
    def way(self) -> Spread | None:
        """Of the scans."""
        return _spread(self.ways_us)


def latency(log: Path, report: dict[str, Any], scan: str) -> Latency:
    """Return what a twin's log and a brain's report say.

    Parameters
    ----------
    log
        Written by the twin: ``commands`` ``int64[n, 4]`` (sequence, sent, uncertainty, taken) and
        ``scans`` ``int64[n, 2]`` (stamp, told), in us of its clock.
    report
        Of the brain's run, as JSON.
    scan
        The range finder's name in it.
    """
    with np.load(log, allow_pickle=False) as found:
        commands: Int64s = found["commands"]
        stamps: Int64s = found["scans"][:, 0]
    enters_us = int(report["live"]["latencies"][scan]["us"])
    sent, taken = np.maximum.accumulate(commands[:, 1]), commands[:, 3]
    first = np.searchsorted(sent, stamps + enters_us + HANDED_OVER_US)
    # before the first command and after the last nobody drove
    driven = (first < len(sent)) & (stamps >= (sent[0] if len(sent) else 0))
    ways = taken[first[driven]] - stamps[driven]
    return Latency(
        enters_us,
        int(report["late_events"].get(scan, 0)),
        float(commands[:, 2].max(initial=0)),
        tuple((taken - commands[:, 1]).tolist()),
        tuple(ways.tolist()),
    )


def joined(parts: list[Latency]) -> Latency:
    """Return the latency of several drives as one; ``enters_us`` is the longest."""
    return Latency(
        max(p.enters_us for p in parts),
        sum(p.late_scans for p in parts),
        max(p.uncertainty_us for p in parts),
        tuple(us for p in parts for us in p.ages_us),
        tuple(us for p in parts for us in p.ways_us),
    )


def _spread(values: tuple[int, ...]) -> Spread | None:
    if not values:
        return None
    p50, p99, most = np.percentile(values, (50, 99, 100)).tolist()
    return Spread(len(values), p50, p99, most)
