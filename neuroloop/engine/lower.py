"""Turn a network into rows of the table, ordered so that a delay of 0 is the same tick."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from types import ModuleType
from typing import Any, Protocol

import msgspec
import numpy as np

from neuroloop.core.errors import ConfigError, nearest
from neuroloop.core.ports import Cell, Kernel
from neuroloop.core.values import Int32s
from neuroloop.engine import row
from neuroloop.engine.arena import Assembler, Field
from neuroloop.engine.op import Op, Units, Word, place, spiking
from neuroloop.engine.reset import resets
from neuroloop.network.graph import Network, Population, Projection


class Library(Protocol):
    """Where a backend keeps its kinds."""

    def kind(self, role: str, name: str, where: str) -> ModuleType:
        """Return the module of a ``neuron`` or ``synapse`` kind; ConfigError where unknown."""
        ...


@dataclass(frozen=True)
class _Target:
    """Where spikes arrive at a population: ``float32[receptors, slots, width]``."""

    population: Population
    incoming: Field
    receptors: tuple[str, ...]

    def at(self, receptor: str, where: str) -> tuple[Field, int]:
        name, kind = self.population.name, self.population.kind
        if not self.receptors:
            raise ConfigError(f'{where}: "{name}" is of kind {kind}, which takes no input')
        chosen = receptor or self.receptors[0]
        if chosen not in self.receptors:
            raise ConfigError(
                f'{where}: "{name}" ({kind}) has no receptor "{chosen}"'
                f"{nearest(chosen, self.receptors)}"
            )
        _, slots, width = self.incoming.shape
        return self.incoming, 4 * self.receptors.index(chosen) * slots * width


@dataclass(frozen=True)
class Lowering:
    """What all parts of one network are lowered with."""

    to: Assembler
    library: Library
    dt_us: int
    seed: int
    reset_every_ticks: int = 0
    """0 lets the network's state go on for ever"""

    def network(
        self, network: Network, inputs: Mapping[str, Units]
    ) -> tuple[list[Op], dict[str, Units]]:
        """Return the rows in order, and everything that spikes by name."""
        delays = [delay_ticks(j, self.dt_us) for j in network.projections]
        units = dict(inputs)
        targets: dict[str, _Target] = {}
        rows: dict[str, list[Op]] = {name: [] for name in inputs}
        dynamic: list[Field] = []
        for p in network.populations:
            arriving = [
                d for j, d in zip(network.projections, delays, strict=True) if j.target == p.name
            ]
            units[p.name] = spiking(self.to, p.name, p.n)
            op, targets[p.name] = self._population(p, units[p.name], _slots(arriving))
            rows[p.name] = [op]
            dynamic += _dynamic(op, targets[p.name].incoming)
        for k, (j, delay) in enumerate(zip(network.projections, delays, strict=True)):
            rows[j.source].append(self._projection(k, j, delay, units, targets[j.target]))
        order = [*inputs, *_order(network, delays)]
        every = self.reset_every_ticks
        first = resets(self.to, dynamic, every) if every else []
        return first + [op for name in order for op in rows[name]], units

    def _population(self, p: Population, units: Units, slots: int) -> tuple[Op, _Target]:
        where = f'population "{p.name}"'
        module = self.library.kind("neuron", p.kind, where)
        rng = np.random.default_rng([self.seed, *p.name.encode()])
        kernel: Kernel = module.build(_config(module, p, where), Cell(p.n, self.dt_us / 1e3, rng))
        kernel = replace(kernel, state=_with_arrays(kernel.state, p, where))
        width = (p.n + 63) // 64 * 64
        receptors: tuple[str, ...] = module.RECEPTORS
        incoming = self.to.field(f"{p.name}.input", np.float32, (len(receptors), slots, width))
        words: dict[int, Word] = {
            row.N: p.n,
            row.IN: incoming,
            row.OUT: units.spikes,
            row.COUNT: slots,
            row.SPIKING: self.to.field(f"{p.name}.fires", np.uint8, (p.n,)),
            row.SILENT: self.to.field(f"{p.name}.silent", np.uint8, (p.n,)),
        }
        return place(self.to, p.name, kernel, words), _Target(p, incoming, receptors)

    def _projection(
        self, k: int, j: Projection, delay: Int32s, units: Mapping[str, Units], target: _Target
    ) -> Op:
        where = f"projection {j.name}"
        source = units[j.source]
        module = self.library.kind("synapse", j.kind, where)
        kernel: Kernel = module.build(j.connections, source.n, units[j.target].n, delay)
        words: dict[int, Word] = {
            row.N: source.n,
            row.IN: source.spikes,
            row.IN_META: source.capacity,
            row.OUT: target.at(j.receptor, where),
            row.COUNT: target.incoming.shape[1],
        }
        return place(self.to, f"{j.name}.{k}", kernel, words)


def _dynamic(op: Op, incoming: Field) -> list[Field]:
    """Return what a reset puts back: the kind's dynamic arrays, its last spikes, its input."""
    names = list(op.kernel.state)
    own = [op.words[row.STATE + names.index(name)] for name in op.kernel.dynamic]
    fields = (*own, op.words[row.SPIKING], incoming)
    return [field for field in fields if isinstance(field, Field) and field.n_bytes]


def delay_ticks(j: Projection, dt_us: int) -> Int32s:
    """Return a projection's delays in whole ticks, ``int32[s]``."""
    ticks = np.broadcast_to(np.asarray(j.delay_ms, np.float64), len(j.connections)) * 1e3 / dt_us
    whole = np.rint(ticks)
    if (np.abs(ticks - whole) > 1e-6 * np.maximum(ticks, 1)).any():
        off = float(ticks[np.argmax(np.abs(ticks - whole))]) * dt_us / 1e3
        raise ConfigError(
            f"projection {j.name}: a delay of {off:g} ms is not a whole number of ticks of "
            f"{dt_us / 1e3:g} ms"
        )
    if (whole > 65_535).any():
        raise ConfigError(f"projection {j.name}: a delay is longer than 65,535 ticks")
    return whole.astype(np.int32)


def _slots(delays: Sequence[Int32s]) -> int:
    """Return the length of a ring of inputs: a power of two above the longest delay."""
    longest = max((int(d.max()) for d in delays if len(d)), default=0)
    return 1 << longest.bit_length()


def _order(network: Network, delays: Iterable[Int32s]) -> list[str]:
    """Sort populations so that delay 0 reaches its target after its source, as they are given."""
    before: dict[str, list[str]] = {p.name: [] for p in network.populations}
    for j, delay in zip(network.projections, delays, strict=True):
        if j.source in before and (delay == 0).any():
            before[j.target].append(j.source)
    try:
        return list(TopologicalSorter(before).static_order())
    except CycleError as error:
        ring = " -> ".join(error.args[1])
        raise ConfigError(
            f"the projections {ring} form a ring with a delay of 0; "
            "one of them needs a delay of at least one tick"
        ) from error


def _config(module: ModuleType, p: Population, where: str) -> Any:
    for name, value in p.params.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise ConfigError(f"{where} ({p.kind}): {name} is {value}; a finite number is wanted")
    try:
        return msgspec.convert({n: _plain(v) for n, v in p.params.items()}, module.Config)
    except msgspec.ValidationError as error:
        known = module.Config.__struct_fields__
        hints = [nearest(name, known) for name in p.params if name not in known]
        raise ConfigError(f"{where} ({p.kind}): {error}{''.join(hints)}") from error


def _plain(value: object) -> object:
    """Turn a NumPy number into the Python number that a Config takes."""
    return value.item() if isinstance(value, np.generic) else value


def _with_arrays(state: Mapping[str, Any], p: Population, where: str) -> dict[str, Any]:
    """Replace first values of the kind's arrays by the population's own."""
    result = dict(state)
    for name, value in p.arrays.items():
        if name not in state:
            raise ConfigError(f'{where}: kind {p.kind} has no array "{name}"{nearest(name, state)}')
        first = np.asarray(state[name])
        try:
            array = np.asarray(value, first.dtype)
        except (ValueError, TypeError, OverflowError) as error:
            raise ConfigError(f"{where}: {name} does not fit {first.dtype}: {error}") from error
        if array.shape != first.shape:
            raise ConfigError(f"{where}: {name} has shape {array.shape}, not {first.shape}")
        if not np.isfinite(array).all():
            raise ConfigError(f"{where}: {name} holds a number that is not finite")
        result[name] = array
    return result
