"""A sensor that says what a test wrote down, when it wrote it down.

In Python, with readings of any type:

>>> import numpy as np
>>> from neuroloop.core.values import Scalars
>>> sensor = Scripted("goal", [Scalars(0, np.float32([1.0])), Scalars(5000, np.float32([2.0]))])
>>> [reading.t_us for reading in sensor.read(until_us=1000)]
[0]

In a run file, with rows of numbers:

```toml
[sensor.goal]
kind = "neuroloop.testing.scripted"
rate_hz = 50
values = [[0.0, 3.0], [0.1, 2.9]]
repeat = true
```
"""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

import numpy as np
from msgspec import Meta, Struct

from neuroloop.core.body import Positive
from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Site
from neuroloop.core.values import (
    Depth,
    Frame,
    Ranges,
    Reading,
    Scalars,
    Sound,
    SourceSpec,
    Spikes,
)


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[sensor.NAME]`` with ``kind = "neuroloop.testing.scripted"``."""

    values: Annotated[list[list[float]], Meta(min_length=1)]
    """a row a reading"""
    rate_hz: Positive = 50.0
    repeat: bool = False
    """start again after the last row; else the sensor has ended"""


class Scripted:
    """Returns the readings it was given, each once its time has come.

    Parameters
    ----------
    name
        Of the sensor.
    readings
        In any order; all of one type and shape.
    units
        Of a sensor of `Spikes`: how many units it has.
    spec
        What the sensor says of itself; made from the first reading where left out.
    """

    def __init__(
        self,
        name: str,
        readings: Sequence[Reading],
        *,
        units: int = 0,
        spec: SourceSpec | None = None,
    ) -> None:
        if not readings and spec is None:
            raise ConfigError(f'scripted sensor "{name}": without readings it needs a spec')
        self._spec = spec or _spec_of(name, readings[0], units)
        self._readings = sorted(_single(readings), key=_stamp)
        self._next = 0

    @property
    def spec(self) -> SourceSpec:
        """What it yields."""
        return self._spec

    @property
    def ended(self) -> bool:
        """Whether all was said."""
        return self._next == len(self._readings)

    def read(self, until_us: int) -> Sequence[Reading]:
        """Return what is stamped before ``until_us`` and was not returned before."""
        first = self._next
        while not self.ended and _stamp(self._readings[self._next]) < until_us:
            self._next += 1
        return self._readings[first : self._next]

    def snapshot(self) -> bytes:
        """Return how far it is."""
        return self._next.to_bytes(8, "little")

    def restore(self, state: bytes) -> None:
        """Go back to a snapshot."""
        self._next = int.from_bytes(state, "little")


class Repeating:
    """Returns rows of numbers at a fixed rate, from the first one again after the last."""

    def __init__(self, spec: SourceSpec, rows: np.ndarray[Any, np.dtype[np.float32]]) -> None:
        self._spec, self._rows, self._next = spec, rows, 0

    @property
    def spec(self) -> SourceSpec:
        """What it yields."""
        return self._spec

    def read(self, until_us: int) -> Sequence[Reading]:
        """Return what is stamped before ``until_us`` and was not returned before."""
        found: list[Reading] = []
        while (t_us := _time_us(self._next, self._spec.rate_hz)) < until_us:
            found.append(Scalars(t_us, self._rows[self._next % len(self._rows)].copy()))
            self._next += 1
        return found

    def snapshot(self) -> bytes:
        """Return how far it is."""
        return self._next.to_bytes(8, "little")

    def restore(self, state: bytes) -> None:
        """Go back to a snapshot."""
        self._next = int.from_bytes(state, "little")


def build(config: Config, site: Site) -> Scripted | Repeating:
    """Make the sensor of a run file."""
    lengths = {len(row) for row in config.values}
    if len(lengths) > 1 or 0 in lengths:
        raise ConfigError(f"sensor.{site.name}: `values`: rows of equal length are wanted")
    rows = np.asarray(config.values, np.float32)
    spec = SourceSpec(site.name, Scalars, (rows.shape[1],), config.rate_hz)
    if config.repeat:
        return Repeating(spec, rows)
    times = [_time_us(k, config.rate_hz) for k in range(len(rows))]
    readings = [Scalars(t_us, row) for t_us, row in zip(times, rows, strict=True)]
    return Scripted(site.name, readings, spec=spec)


def _time_us(k: int, rate_hz: float) -> int:
    return round(k * 1e6 / rate_hz)


def _stamp(reading: Reading) -> int:
    if isinstance(reading, Spikes):
        return int(reading.t_us[0])
    return reading.t_us


def _single(readings: Sequence[Reading]) -> list[Reading]:
    """Take batches of spikes apart, so that each part has one stamp."""
    result: list[Reading] = []
    for reading in readings:
        if isinstance(reading, Spikes):
            value = reading.value if len(reading.value) else np.ones(len(reading.t_us), np.int32)
            result += [
                Spikes(*(a[reading.t_us == t] for a in (reading.t_us, reading.unit, value)))
                for t in np.unique(reading.t_us)
            ]
        else:
            result.append(reading)
    return result


_SHAPES: dict[type, Callable[[Any], tuple[int, ...]]] = {
    Frame: lambda r: r.grey.shape,
    Depth: lambda r: r.metres.shape,
    Ranges: lambda r: r.metres.shape,
    Sound: lambda r: r.samples.shape,
    Scalars: lambda r: r.values.shape,
}


def _spec_of(name: str, reading: Reading, units: int) -> SourceSpec:
    kind = type(reading)
    if isinstance(reading, Spikes):
        if units < 1:
            raise ConfigError(f'scripted sensor "{name}": spikes need the number of units')
        return SourceSpec(name, Spikes, (units,), 0.0)
    rate_hz = reading.rate_hz if isinstance(reading, Sound) else 0.0
    bearing_rad = reading.bearing_rad if isinstance(reading, Ranges) else None
    return SourceSpec(name, kind, _SHAPES[kind](reading), rate_hz, bearing_rad=bearing_rad)
