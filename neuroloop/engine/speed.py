"""How fast this machine adds synapses: the constants from which a layout is chosen.

They are shipped as measured on one machine; `neuroloop.engine.measure` finds those of another,
and `keep` puts them where every later run finds them.
"""

import logging
import os
from dataclasses import dataclass
from pathlib import Path

import msgspec

from neuroloop.core.ports import Bundle

RATE_HZ = 10.0
"""of every source, where nothing else is known"""
_UNHIDDEN = 0.4
"""of the wait for a part of a row that was asked for in time"""
_MOST_BYTES = 4096
_MOST = 1e9
_log = logging.getLogger("neuroloop.speed")


@dataclass(frozen=True)
class Speed:
    """Costs on one core; times in nanoseconds, sizes in bytes."""

    csr: float = 0.47
    """of a synapse with a weight of its own, everything in cache"""
    constant: float = 0.34
    """of a synapse of one weight"""
    ring: float = 0.75
    """of a synapse with a delay of its own"""
    buckets: float = 0.5
    """of a synapse in rows sorted by delay"""
    dense: float = 0.037
    """of a lane of a whole row"""
    bits: float = 0.008
    """of a lane of a row of bits"""
    flush: float = 0.06
    """of a target, where counts or whole numbers are turned into input"""
    row: float = 7.5
    """of a row, beside its synapses"""
    segment: float = 10.0
    """of a part of a row with one delay"""
    far: float = 7.5
    """added to a synapse whose target's input is out of cache"""
    byte: float = 0.03
    """of a byte of synapses that is out of cache"""
    miss: float = 75.0
    """of the first bytes of a row that is out of cache"""
    cache_bytes: float = 32e6
    """larger blocks are out of cache"""

    def reach(self, n_bytes: float) -> float:
        """Return how far away a block is that is used at random: 0 is near, 1 out of cache.

        The power follows the steps of the caches: a hundredth of the largest costs 3 %.
        """
        return float(min(n_bytes / self.cache_bytes, 1.0) ** 0.75)

    def scatter_ns(
        self, bundle: Bundle, spikes: float, each: float, n_bytes: float, into_bytes: float
    ) -> float:
        """Return the cost of adding the rows of ``spikes`` sources one synapse at a time.

        ``each`` is the cost of a synapse in cache, ``n_bytes`` the size of all rows and
        ``into_bytes`` that of the input they are added to.
        """
        synapses = max(len(bundle.connections), 1)
        events, away = spikes * synapses / bundle.n_pre, self.reach(n_bytes)
        read = n_bytes / synapses * self.byte * away
        synapse = each + self.far * self.reach(into_bytes) + read
        return events * synapse + spikes * (self.row + self.miss * away)

    def parts_ns(self, parts: float, n_bytes: float) -> float:
        """Return the cost of so many parts of rows with one delay, beside their synapses."""
        return parts * (self.segment + _UNHIDDEN * self.miss * self.reach(n_bytes))

    def stream_ns(
        self, rows: float, lanes: int, each: float, lane_bytes: float, n_bytes: float
    ) -> float:
        """Return the cost of adding ``rows`` whole rows of ``lanes`` lanes.

        ``each`` is the cost of a lane in cache; ``n_bytes`` is the size of all rows there are.
        """
        away = self.reach(n_bytes)
        lane = each + lane_bytes * self.byte * away
        return rows * (lanes * lane + self.row + self.miss * away)


def path() -> Path:
    """Return the file in which this machine's constants are kept."""
    folder = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(folder) / "neuroloop" / "speed.json"


def keep(speed: Speed) -> Path:
    """Keep constants for later runs; returns the file."""
    file = path()
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f"{file.name}.{os.getpid()}")
    fresh.write_bytes(msgspec.json.format(msgspec.json.encode(speed)))
    fresh.replace(file)
    return file


def load() -> Speed:
    """Return the constants that were kept, or the shipped ones.

    A damaged file is left alone, and a warning says so.
    """
    file = path()
    try:
        with file.open("rb") as stream:
            text = stream.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        return Speed()
    except OSError as error:
        _log.warning("%s cannot be read (%s): the shipped constants are used", file, error)
        return Speed()
    try:
        return _checked(text)
    except ValueError as error:
        _log.warning("%s is damaged (%s): the shipped constants are used", file, error)
        return Speed()


def _checked(text: bytes) -> Speed:
    if len(text) > _MOST_BYTES:
        raise ValueError(f"more than {_MOST_BYTES} bytes")
    found = msgspec.json.decode(text, type=dict[str, float])
    fields = Speed.__dataclass_fields__
    if found.keys() != fields.keys():
        raise ValueError("it does not name the constants that are wanted")
    for name, value in found.items():
        if not 0 < value < _MOST:
            raise ValueError(f"{name} is {value}")
    return Speed(**found)
