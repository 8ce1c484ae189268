"""A network on its own, off line: the same program and the same compiled tick as in a robot.

```python
import numpy as np
from neuroloop import Input, Network, Population, Projection, simulate
from neuroloop.network import one_to_one

network = Network(
    inputs=(Input("touch", 3),),
    populations=(Population("motor", 3, "lif", {"tau_m_ms": 20.0}),),
    projections=(Projection("touch", "motor", one_to_one(3, weight=1.2), delay_ms=2.0),),
)
result = simulate(
    network, seconds=0.1, inputs={"touch": ([10.0, 20.0], [0, 2])}, watch=["motor"]
)
result.spikes["motor"].t_us  # array([12000, 22000])
```
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroloop.core.errors import ConfigError, MachineError, nearest
from neuroloop.core.message import EVENT
from neuroloop.core.values import Int64s, Spikes
from neuroloop.network.graph import Network
from neuroloop.runtime.hand import Hand, check_units
from neuroloop.runtime.log import Stride, by_outlet
from neuroloop.runtime.simulator import Simulator

__all__ = ["Events", "Progress", "Result", "Simulator", "TickTimes", "simulate", "total_ticks"]

Events = Spikes | tuple[ArrayLike, ArrayLike]
"""spikes of one input: `Spikes`, or (times in milliseconds, units)"""

Progress = Callable[[int, int], None]
"""called now and then with the ticks done and the ticks there are"""


@dataclass(frozen=True)
class TickTimes:
    """What the ticks of a run cost, from the input's ring to the spikes that left."""

    median_us: float
    p99_us: float
    longest_us: float
    total_s: float


@dataclass(frozen=True, eq=False)
class Result:
    """What `simulate` found."""

    ticks: int
    dt_us: int
    spikes: Mapping[str, Spikes]
    """of each watched population; a spike's time is the start of its tick"""
    probes: Mapping[str, NDArray[Any]]
    """each probed array after every tick, ``[ticks, n]``"""
    sizes: Mapping[str, int]
    """number of units of each watched population"""
    tick_times: TickTimes
    synaptic_operations: int
    total_spikes: int
    """of all populations, watched or not"""

    @property
    def seconds(self) -> float:
        """Simulated time."""
        return self.ticks * self.dt_us * 1e-6

    def counts(self, name: str) -> Int64s:
        """Return how often each unit of a watched population fired, ``int64[n]``."""
        if name not in self.spikes:
            raise ConfigError(f'"{name}" was not watched{nearest(name, self.spikes)}')
        return np.bincount(self.spikes[name].unit, minlength=self.sizes[name])

    def rates_hz(self, name: str) -> NDArray[np.float64]:
        """Return the mean rate of each unit of a watched population, ``float64[n]``."""
        return self.counts(name) / self.seconds


def simulate(  # noqa: PLR0913
    network: Network,
    seconds: float | None = None,
    ticks: int | None = None,
    *,
    dt_us: int = 1000,
    seed: int = 0,
    inputs: Mapping[str, Events | ArrayLike] | None = None,
    watch: Sequence[str] = (),
    probe: Sequence[str] = (),
    backend: str = "float",
    folder: Path = Path(),
    progress: Progress | None = None,
) -> Result:
    """Run a network for a while and return what fired.

    Parameters
    ----------
    network
        What to run.
    seconds, ticks
        How long, one of the two; ``seconds`` is rounded to whole ticks.
    dt_us
        Length of a tick in microseconds.
    seed
        The same seed gives the same result, to the bit.
    inputs
        By name.  Spikes: `Spikes`, or a tuple of (times in ms, units); those at or after the end
        are not used.  Values: ``float32[n]`` for all ticks, or ``float32[ticks, n]``.
    watch
        Inputs and populations whose spikes are kept.
    probe
        Arrays that are kept after every tick, as in ``"motor.v"``.
    backend
        A file in ``neuroloop/backends``.
    folder
        Where paths of kinds (``./my_neuron.py``) start.
    progress
        Called about 200 times in a run.

    Returns
    -------
    Result
        Spikes, probes and what the ticks cost.

    Raises
    ------
    ConfigError
        Where the network, an input or a name does not fit.
    MachineError
        Where the probes do not fit into memory.

    Examples
    --------
    >>> from neuroloop import Network, Population, simulate
    >>> network = Network(populations=(Population("cell", 1, "lif", {"bias": 2.0}),))
    >>> result = simulate(network, seconds=0.1, watch=["cell"], probe=["cell.v"])
    >>> result.counts("cell"), result.probes["cell.v"].shape
    (array([7]), (100, 1))
    """
    total = total_ticks(seconds, ticks, dt_us)
    given: dict[str, _Batches | _Series] = {}
    for name, value in (inputs or {}).items():
        if isinstance(value, Spikes | tuple):
            given[name] = _Batches(_events(name, value), dt_us, total)
        else:
            given[name] = _Series(name, value, total)
    room = {name: g.most for name, g in given.items() if isinstance(g, _Batches)}
    simulator = Simulator(
        network, dt_us=dt_us, seed=seed, watch=watch, backend=backend, room=room, folder=folder
    )
    for name, series in given.items():
        series.check(simulator.hand(name))
    kept = _Keeper(simulator, tuple(dict.fromkeys(watch)), probe, total)
    every = max(total // 200, 1)
    k = shown = 0
    while k < total:
        # what is probed is looked at after every tick, and inputs enter tick by tick
        ahead = 1 if probe or given else min(every, total - k)
        for name, series in given.items():
            series.send(simulator, name, k)
        for stride in simulator.strides(ahead):
            kept.take(k, stride)
            k += stride.ticks
        if progress is not None and k - shown >= every:
            shown = k
            progress(k, total)
    return kept.result(network)


def total_ticks(seconds: float | None, ticks: int | None, dt_us: int) -> int:
    """Return how many ticks a run of so many seconds, or of so many ticks, has."""
    if (seconds is None) == (ticks is None):
        raise ConfigError("give either seconds or ticks")
    if seconds is not None and not math.isfinite(seconds):
        raise ConfigError(f"a run of {seconds:g} seconds; a finite number is wanted")
    total = ticks if ticks is not None else round((seconds or 0.0) * 1e6 / dt_us)
    if total < 1:
        raise ConfigError(f"a run of {total} ticks; it needs at least one")
    return total


def _events(name: str, value: Events) -> NDArray[Any]:
    """Return an input's spikes as `EVENT` records by time, then unit."""
    if isinstance(value, Spikes):
        t_us, unit, times = value.t_us, np.asarray(value.unit), value.value
    else:
        milliseconds = np.atleast_1d(np.asarray(value[0], np.float64))
        if not np.isfinite(milliseconds).all():
            raise ConfigError(f'input "{name}": a time is not a finite number')
        t_us, unit = np.rint(milliseconds * 1e3), np.atleast_1d(np.asarray(value[1]))
        times = np.empty(0, np.int32)
    if len(t_us) != len(unit) or len(times) not in (0, len(unit)):
        raise ConfigError(f'input "{name}": {len(t_us)} times for {len(unit)} units')
    check_units(name, unit)
    if len(t_us) and t_us.min() < 0:
        raise ConfigError(f'input "{name}": a spike at {t_us.min() * 1e-3:g} ms; a run starts at 0')
    events = np.empty(len(unit), EVENT)
    events["t_us"], events["unit"], events["value"] = t_us, unit, times if len(times) else 1
    return events[np.lexsort((events["unit"], events["t_us"]))]


class _Batches:
    """The spikes of one input, tick by tick."""

    def __init__(self, events: NDArray[Any], dt_us: int, ticks: int) -> None:
        self._events, self._dt_us = events, dt_us
        self._ends = np.searchsorted(events["t_us"], np.arange(ticks + 1, dtype=np.int64) * dt_us)
        sums = np.concatenate(([0], np.cumsum(events["value"], dtype=np.int64)))
        self.most = int(np.diff(sums[self._ends]).max())

    def check(self, hand: Hand) -> None:
        """Refuse what the input does not have."""
        hand.check(self._events["unit"], self.most)

    def send(self, simulator: Simulator, name: str, k: int) -> None:
        """Send those of tick ``k``."""
        simulator.send(name, self._events[self._ends[k] : self._ends[k + 1]])


class _Series:
    """What an input of values carries: the same in all ticks, or a row a tick."""

    def __init__(self, name: str, value: ArrayLike, ticks: int) -> None:
        self._values = np.asarray(value, np.float32)
        if self._values.ndim == 2 and len(self._values) < ticks:
            raise ConfigError(
                f'input "{name}": {len(self._values)} rows of values for {ticks} ticks'
            )

    def check(self, hand: Hand) -> None:
        """Refuse what the input does not take."""
        if not hand.values:
            raise ConfigError(f'input "{hand.name}" takes spikes: give it (times in ms, units)')

    def send(self, simulator: Simulator, name: str, k: int) -> None:
        """Send what tick ``k`` begins with."""
        if self._values.ndim == 2 or k == 0:
            row = self._values[k] if self._values.ndim == 2 else self._values
            simulator.hand(name).give(row, k * simulator.dt_us)


class _Keeper:
    """Collects what `simulate` returns."""

    def __init__(
        self, simulator: Simulator, watch: tuple[str, ...], probe: Sequence[str], ticks: int
    ) -> None:
        self._simulator, self._ticks, self._dt_us = simulator, ticks, simulator.dt_us
        self._watch = watch
        self._strides: list[Stride] = []
        self._synops = self._spikes = 0
        arena = simulator.arena
        self._views = {name: arena[name] for name in probe}
        n_bytes = ticks * (4 + sum(view.nbytes for view in self._views.values()))
        try:
            self._cost_us = np.zeros(ticks, np.float32)
            self._probes = {n: np.zeros((ticks, *v.shape), v.dtype) for n, v in self._views.items()}
        except MemoryError as error:
            raise MachineError(
                f"{ticks:,} ticks of these probes need {n_bytes / 1e9:,.1f} GB of memory"
            ) from error

    def take(self, k: int, stride: Stride) -> None:
        """Look at the ticks from ``k`` on, which have just run."""
        self._cost_us[k : k + stride.ticks] = stride.cost_us
        self._synops += stride.synops
        self._spikes += stride.spikes
        if len(stride.events):
            self._strides.append(stride)
        if self._views:
            self._simulator.settle()
        for name, view in self._views.items():
            self._probes[name][k] = view

    def result(self, network: Network) -> Result:
        """Put it all together."""
        spikes = by_outlet(self._strides, len(self._watch))
        return Result(
            ticks=self._ticks,
            dt_us=self._dt_us,
            spikes=dict(zip(self._watch, spikes, strict=True)),
            probes=self._probes,
            sizes={name: network.size(name) for name in self._watch},
            tick_times=TickTimes(
                float(np.median(self._cost_us)),
                float(np.percentile(self._cost_us, 99)),
                float(self._cost_us.max()),
                float(self._cost_us.sum(dtype=np.float64) * 1e-6),
            ),
            synaptic_operations=self._synops,
            total_spikes=self._spikes,
        )
