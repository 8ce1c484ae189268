"""Checks of encoders that work at their sensor: whether a file keeps the promises of its port."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from neuroloop.core.ports import Counting, Stateful, Transducer
from neuroloop.core.values import Reading, Spikes
from neuroloop.testing.promise import promise


def check_transducer(build: Callable[[], Transducer], readings: Sequence[Reading]) -> int:
    """Give a transducer readings, and another one the same; returns how many spikes came.

    The promises: sizes are positive; spikes are of the types, units and order that `Spikes` says,
    stamped no earlier than ``latency_us`` before their reading and no later than it; two of one
    seed say the same; readings are not changed; a snapshot brings the same spikes again; what is
    counted only grows.

    Parameters
    ----------
    build
        Makes one, of one seed.
    readings
        Of its sensor, in order of their stamps.

    Raises
    ------
    ContractError
        Which promise is broken.
    """
    one, other = build(), build()
    promise(one.units >= 1, "an encoder has at least one unit")
    promise(one.capacity >= 1, "an encoder has room for at least one spike in a tick")
    promise(one.latency_us >= 0, "latency_us is not negative")
    bearing_rad = getattr(one, "bearing_rad", None)
    if bearing_rad is not None:
        promise(len(bearing_rad) == one.units, "bearing_rad has one number a unit")
    total, counts = 0, _counts(one)
    for reading in readings:
        before = _content(reading)
        spikes = _again(one, reading)
        promise(_content(reading) == before, "transduce does not change a reading")
        _check(one, reading, spikes)
        promise(_same(spikes, other.transduce(reading)), "two of one seed say the same")
        now = _counts(one)
        shrunk = [what for what, n in counts.items() if now.get(what, 0) < n]
        promise(not shrunk, f"what is counted only grows: {shrunk}")
        total, counts = total + len(spikes.t_us), now
    return total


def spaced(readings: Sequence[Reading], period_us: int) -> list[Reading]:
    """Return the readings with stamps a period apart, from 0."""
    return [
        reading if isinstance(reading, Spikes) else replace(reading, t_us=k * period_us)
        for k, reading in enumerate(readings)
    ]


def _check(part: Transducer, reading: Reading, spikes: Spikes) -> None:
    promise(isinstance(spikes, Spikes), f"transduce returns Spikes, not {type(spikes).__name__}")
    promise(spikes.t_us.dtype == np.int64, "Spikes.t_us is int64")
    promise(spikes.unit.dtype == np.uint32, "Spikes.unit is uint32")
    promise(len(spikes.t_us) == len(spikes.unit), "Spikes has a stamp for each unit")
    promise(len(spikes.value) in (0, len(spikes.unit)), "values are none, or one a spike")
    if not len(spikes.unit):
        return
    promise(int(spikes.unit.max()) < part.units, f"units are below {part.units}")
    keys = spikes.t_us * part.units + spikes.unit
    promise((np.diff(keys) >= 0).all(), "spikes come by stamp, then unit")
    given = np.asarray(reading.t_us)
    first, last = int(given.min()) - part.latency_us, int(given.max())
    where = f"spikes are stamped from {first} to {last} us for this reading"
    promise(first <= spikes.t_us.min() and spikes.t_us.max() <= last, where)


def _again(part: Any, reading: Reading) -> Spikes:
    """Transduce, and where there are snapshots go back and do so again."""
    stateful: bool = isinstance(part, Stateful)
    state = part.snapshot() if stateful else b""
    promise(isinstance(state, bytes), "a snapshot is bytes")
    first: Spikes = part.transduce(reading)
    if stateful:
        part.restore(state)
        again = _same(first, part.transduce(reading))
        promise(again, "after restore() an encoder says the same again")
    return first


def _same(one: Spikes, other: Spikes) -> bool:
    return all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("t_us", "unit", "value")
    )


def _counts(part: object) -> Mapping[str, int]:
    return dict(part.counts) if isinstance(part, Counting) else {}


def _content(reading: Reading) -> list[bytes]:
    values = (getattr(reading, name) for name in reading.__dataclass_fields__)
    return [np.asarray(value).tobytes() for value in values]
