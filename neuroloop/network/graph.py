"""The network itself: what is connected to what, without a word about how it is computed.

```python
Network(
    inputs=(Input("lidar", 18),),
    populations=(Population("motor", 2, "lif", {"tau_m_ms": 20.0}),),
    projections=(Projection("lidar", "motor", dense(weights), delay_ms=0.0),),
)
```
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from neuroloop.core.errors import ConfigError, nearest
from neuroloop.network.connections import MOST_UNITS
from neuroloop.network.wiring import Wiring

Number = float | int | str

_SIGNALS = ("spikes", "values")
_UPDATES = ("auto", "full", "events")


@dataclass(frozen=True)
class Input:
    """A port: units moved from outside, by the encoder or source of the same name.

    They spike, or carry one number each (``signal="values"``) that holds until the next one comes.
    """

    name: str
    n: int
    signal: Literal["spikes", "values"] = "spikes"

    @property
    def values(self) -> bool:
        """Whether it carries values."""
        return self.signal == "values"


@dataclass(frozen=True, eq=False)
class Population:
    """``n`` neurons of one kind; ``kind`` is a file in ``neuroloop/neurons``."""

    name: str
    n: int
    kind: str = "lif"
    params: Mapping[str, Number] = field(default_factory=dict)
    arrays: Mapping[str, ArrayLike] = field(default_factory=dict)
    """first values of a state array of the kind, one a neuron (``bias``, ``v`` ...), and arrays
    that a kind is made from (``times_ms`` of `spike_list`)"""
    update: Literal["auto", "full", "events"] = "auto"
    """which neurons a tick visits: all of them, or those that something reached; ``auto`` takes
    what is faster"""


@dataclass(frozen=True, eq=False)
class Projection:
    """Synapses from one population or input to another."""

    source: str
    target: str
    connections: Wiring
    """lists of synapses (`Connections`), or a rule for them (`Convolution`, `Pooling`)"""
    delay_ms: float | ArrayLike = 0.0
    """one for all, or ``float[s]`` in the order of ``connections``, which are sorted by source,
    then target; 0 is the same tick"""
    receptor: str = ""
    """of the target; empty means its first"""
    kind: str = ""
    """a file in ``neuroloop/synapses``; empty takes the one the connections are made for:
    ``static``, ``convolution`` or ``pooling``"""
    params: Mapping[str, Number] = field(default_factory=dict)
    """of the kind"""
    layout: str = "auto"
    """how it lies in memory: a file in ``neuroloop/engine/layouts``; ``auto`` takes the fastest"""

    def __post_init__(self) -> None:
        if not hasattr(self.connections, "KIND"):
            raise ConfigError(
                f"projection {self.name}: its connections are a {type(self.connections).__name__};"
                " dense() takes a matrix, from_sparse() a sparse one, pairs() arrays of indices"
            )
        if not self.kind:
            object.__setattr__(self, "kind", self.connections.KIND)

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
            _check_part(part)
            if part.name in sizes:
                raise ConfigError(f'two parts of the network are called "{part.name}"')
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


def _check_part(part: Input | Population) -> None:
    name: object = part.name
    if not isinstance(name, str) or not name:
        raise ConfigError(f"a part of the network has no name but {name!r}")
    n: object = part.n
    if not isinstance(n, int | np.integer) or n < 1:
        raise ConfigError(f'"{part.name}" has {n!r} units; it needs at least 1')
    if n > MOST_UNITS:
        raise ConfigError(f'"{part.name}" has {n} units; at most {MOST_UNITS} fit')
    if isinstance(part, Population):
        _check_types(part, f'"{name}"', kind=str, params=Mapping, arrays=Mapping)
    if isinstance(part, Input):
        _check_word(part.name, "signal", part.signal, _SIGNALS)
    else:
        _check_word(part.name, "update", part.update, _UPDATES)


def _check_types(part: object, where: str, **wanted: type) -> None:
    for name, type_ in wanted.items():
        value = getattr(part, name)
        if not isinstance(value, type_):
            what = "a text is" if type_ is str else "names and values are"
            raise ConfigError(f"{where}: {name} is {value!r}; {what} wanted")


def _check_word(part: str, field: str, chosen: str, known: tuple[str, ...]) -> None:
    if chosen not in known:
        raise ConfigError(f'"{part}": {field} is {chosen!r}{nearest(str(chosen), known)}')


def _check_ends(projection: Projection, sizes: Mapping[str, int], inputs: set[str]) -> None:
    where, wired = f"projection {projection.name}", projection.connections
    _check_types(projection, where, kind=str, receptor=str, layout=str, params=Mapping)
    for end in (projection.source, projection.target):
        if end not in sizes:
            raise ConfigError(f'{where}: no population "{end}"{nearest(str(end), sizes)}')
    if projection.target in inputs:
        raise ConfigError(f'{where}: "{projection.target}" is an input')
    ends = ((projection.source, wired.n_pre), (projection.target, wired.n_post))
    for end, n in ends if len(wired) else ():
        if wired.WHOLE and n != sizes[end]:
            raise ConfigError(
                f"{where}: its {type(wired).__name__} is between {wired.n_pre} and {wired.n_post}"
                f' units, but "{end}" has {sizes[end]}'
            )
        if n > sizes[end]:
            raise ConfigError(f'{where}: neuron {n - 1} of "{end}", which has {sizes[end]}')


def _check_delays(projection: Projection) -> None:
    where, synapses = f"projection {projection.name}", len(projection.connections)
    try:
        delay = np.asarray(projection.delay_ms)
        delay = delay if delay.dtype.kind in "fiu" else delay.astype(np.float64)
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{where}: a delay is not a number: {error}") from error
    if delay.ndim and delay.shape != (synapses,):
        raise ConfigError(f"{where}: {delay.shape} delays for {synapses} synapses")
    # a number that is none makes both ends of the range none
    if delay.size and not 0 <= delay.min() <= delay.max() < math.inf:
        raise ConfigError(f"{where}: a delay is negative or not a number")
