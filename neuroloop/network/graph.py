"""The network itself: what is connected to what, without a word about how it is computed.

```python
Network(
    inputs=(Input("lidar", 18),),
    populations=(Population("motor", 2, "lif", {"tau_m_ms": 20.0}),),
    projections=(Projection("lidar", "motor", dense(weights), delay_ms=0.0),),
)
```
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from neuroloop.core.errors import ConfigError, nearest
from neuroloop.network.connections import Connections

Number = float | int | str


@dataclass(frozen=True)
class Input:
    """A port: units moved from outside, by the encoder or source of the same name.

    They spike, or carry one number each (``signal="values"``) that holds until the next one comes.
    """

    name: str
    n: int
    signal: Literal["spikes", "values"] = "spikes"


@dataclass(frozen=True, eq=False)
class Population:
    """``n`` neurons of one kind; ``kind`` is a file in ``neuroloop/neurons``."""

    name: str
    n: int
    kind: str = "lif"
    params: Mapping[str, Number] = field(default_factory=dict)
    arrays: Mapping[str, ArrayLike] = field(default_factory=dict)
    """first values of a state array of the kind, one a neuron (``bias``, ``v`` ...)"""
    update: Literal["auto", "full", "events"] = "auto"
    """which neurons a tick visits: all of them, or those that something reached; ``auto`` takes
    what is faster"""


@dataclass(frozen=True, eq=False)
class Projection:
    """Synapses from one population or input to another."""

    source: str
    target: str
    connections: Connections
    delay_ms: float | ArrayLike = 0.0
    """one for all, or ``float[s]`` in the order of ``connections``, which are sorted by source,
    then target; 0 is the same tick"""
    receptor: str = ""
    """of the target; empty means its first"""
    kind: str = "static"
    """a file in ``neuroloop/synapses``"""
    params: Mapping[str, Number] = field(default_factory=dict)
    """of the kind"""
    layout: str = "auto"
    """how it lies in memory: a file in ``neuroloop/engine/layouts``; ``auto`` takes the fastest"""

    @property
    def name(self) -> str:
        """Used for its fields in the arena."""
        return f"{self.source}-{self.target}" + (f"-{self.receptor}" if self.receptor else "")


@dataclass(frozen=True, eq=False)
class Network:
    """Everything; checked when made.

    Raises
    ------
    ConfigError
        Where two parts share a name, a projection names an unknown end, or an index does not fit.
    """

    inputs: tuple[Input, ...] = ()
    populations: tuple[Population, ...] = ()
    projections: tuple[Projection, ...] = ()

    def __post_init__(self) -> None:
        sizes: dict[str, int] = {}
        for part in self.spiking:
            if not part.name:
                raise ConfigError("a part of the network has no name")
            if part.name in sizes:
                raise ConfigError(f'two parts of the network are called "{part.name}"')
            if not _is_count(part.n):
                raise ConfigError(f'"{part.name}" has {part.n!r} units; it needs at least 1')
            sizes[part.name] = part.n
        inputs = {part.name for part in self.inputs}
        for projection in self.projections:
            _check_ends(projection, sizes, inputs)
            _check_delays(projection)

    @property
    def spiking(self) -> tuple[Input | Population, ...]:
        """All that can spike: the inputs, then the populations."""
        return (*self.inputs, *self.populations)

    def size(self, name: str) -> int:
        """Return the number of units of an input or population."""
        for part in self.spiking:
            if part.name == name:
                return part.n
        known = [part.name for part in self.spiking]
        raise ConfigError(f'the network has no population "{name}"{nearest(name, known)}')


def _is_count(n: object) -> bool:
    return isinstance(n, int | np.integer) and bool(n >= 1)


def _check_ends(projection: Projection, sizes: Mapping[str, int], inputs: set[str]) -> None:
    wired = projection.connections
    last = (int(np.flatnonzero(np.diff(wired.start))[-1]), int(wired.post.max())) if wired else None
    for k, end in enumerate((projection.source, projection.target)):
        if end not in sizes:
            raise ConfigError(
                f'projection {projection.name}: no population "{end}"{nearest(end, sizes)}'
            )
        if last is not None and last[k] >= sizes[end]:
            raise ConfigError(
                f'projection {projection.name}: neuron {last[k]} of "{end}", '
                f"which has {sizes[end]}"
            )
    if projection.target in inputs:
        raise ConfigError(f'projection {projection.name}: "{projection.target}" is an input')


def _check_delays(projection: Projection) -> None:
    delay = np.asarray(projection.delay_ms, np.float64)
    if delay.ndim and delay.shape != (len(projection.connections),):
        raise ConfigError(
            f"projection {projection.name}: {delay.shape} delays "
            f"for {len(projection.connections)} synapses"
        )
    if not np.isfinite(delay).all() or (delay < 0).any():
        raise ConfigError(f"projection {projection.name}: a delay is negative or not a number")
