"""Turn a network into rows of the table, ordered so that a delay of 0 is the same tick."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import ModuleType
from typing import Any, Protocol

import numpy as np

from neuroloop.core.errors import ConfigError, nearest
from neuroloop.core.ports import Bundle, Cell, Kernel
from neuroloop.core.values import Int32s
from neuroloop.engine import finite, memory, row, settings
from neuroloop.engine.arena import Assembler, Field
from neuroloop.engine.delays import delay_ticks, in_order, slots_for
from neuroloop.engine.finite import NotANumber, Watched
from neuroloop.engine.gate import gate
from neuroloop.engine.op import Op, Units, Values, Word, place, spiking
from neuroloop.engine.parameters import Parameters, Present, plain
from neuroloop.engine.reset import resets
from neuroloop.engine.visit import Visit, decide
from neuroloop.network.connections import Connections
from neuroloop.network.graph import Network, Number, Population, Projection

_LEAST_BYTES = {"spikes": 14, "graded": 18, "values": 8}
"""of a neuron by what it gives: a list of spikes, two flags and two numbers; or two numbers"""
_CARRIED = {"spikes": "spikes", "graded": "graded spikes", "values": "values"}


@dataclass(frozen=True)
class Adapted:
    """A network as a backend runs it."""

    network: Network
    late: Mapping[str, int] | None = None
    """ticks by which each population lags behind the network it was made from; None where the
    network is run as it is"""
    notes: Sequence[str] = ()
    """for the user: what is different now"""
    room: Sequence[str] = ()
    """for the user: how full what it runs on is, in a line or two"""


class Library(Protocol):
    """Where a backend keeps its kinds."""

    def kind(self, role: str, name: str, where: str) -> ModuleType:
        """Return the module of a ``neuron`` or ``synapse`` kind; ConfigError where unknown."""
        ...

    def adapt(self, network: Network, dt_us: int) -> Adapted:
        """Return the network as the backend runs it; ConfigError where it cannot."""
        ...


Ends = Units | Values
"""what a projection can start from"""


@dataclass(frozen=True)
class Lowered:
    """What became of a network."""

    ops: list[Op]
    """the rows, in order"""
    ends: dict[str, Ends]
    """everything that spikes or carries values, by name"""
    notes: dict[str, str]
    """how each projection lies in memory, and why"""
    visits: dict[str, str]
    """which neurons of a population a tick visits, and why, where there was a choice"""
    kinds: dict[str, str]
    """of each population and projection, by name"""
    present: Present
    """parameters of the populations as they are now"""
    watched: list[Watched]
    """populations whose state may turn into what is no number"""
    seed: int
    """where the network's chance came from"""

    @property
    def spiking(self) -> dict[str, Units]:
        """Everything that spikes, by name."""
        return {name: end for name, end in self.ends.items() if isinstance(end, Units)}


@dataclass(frozen=True)
class _Target:
    """Where spikes arrive at a population: ``float32[receptors, slots, width]``."""

    population: Population
    incoming: Field
    receptors: tuple[str, ...]
    touched: Field | None
    """flags of the blocks that something reaches, where the population wants them"""
    op: Op
    made: Parameters

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
class _Source:
    """What a projection starts from, and ends at."""

    signal: str
    n: int
    capacity: int
    target: Population
    is_input: bool


@dataclass(frozen=True)
class Lowering:
    """What all parts of one network are lowered with."""

    to: Assembler
    library: Library
    dt_us: int
    seed: int
    reset_every_ticks: int = 0
    """0 lets the network's state go on for ever"""
    not_a_number: NotANumber = "stop"
    late: Mapping[str, int] | None = None
    """of `Adapted`"""

    def network(self, network: Network, inputs: Mapping[str, Ends]) -> Lowered:
        """Lower a network onto ``inputs``: lists of spikes, and slots of values."""
        memory.check({p.name: self._least_bytes(p) for p in network.populations})
        delays = [delay_ticks(j, self.dt_us) for j in network.projections]
        ends = dict(inputs)
        targets: dict[str, _Target] = {}
        rows: dict[str, list[Op]] = {name: [] for name in inputs}
        dynamic: dict[str, list[Field]] = {p.name: [] for p in network.populations}
        visits = self._visits(network, delays)
        kernels = [
            self._synapses(k, j, delay, self._source(j, network, inputs), visits[j.target].events)
            for k, (j, delay) in enumerate(zip(network.projections, delays, strict=True))
        ]
        for p in network.populations:
            ahead = [
                _ahead(kernel, delay)
                for j, kernel, delay in zip(network.projections, kernels, delays, strict=True)
                if j.target == p.name
            ]
            op, ends[p.name], targets[p.name] = self._population(p, visits[p.name], ahead)
            # its own time begins when its first input can come; a bias must not act before
            behind = (self.late or {}).get(p.name, 0)
            rows[p.name] = [gate(op, behind) if behind else op]
            self.to.check_room()
            # of a part that lags, `_in_time` keeps out what must not arrive
            waiting = _waiting(targets[p.name], ends[p.name]) if self.late is None else []
            dynamic[p.name] += _dynamic(op, waiting)
        early: list[Op] = []
        learning: list[Op] = []
        notes: dict[str, str] = {}
        for k, (j, kernel) in enumerate(zip(network.projections, kernels, strict=True)):
            op = self._projection(k, j, kernel, ends, targets[j.target])
            dynamic[j.target] += _own_dynamic(op)
            op = self._in_time(op, j, delays[k])
            (early if op.kernel.at_arrival else rows[j.source]).append(op)
            notes[op.name] = op.kernel.note
            self.to.check_room()
            if op.kernel.learn is not None:
                learning.append(replace(op, kernel=replace(op.kernel, entry=op.kernel.learn)))
        order = [*inputs, *in_order(network, delays)]
        first = self._resets(dynamic)
        watched = [w for k, t in enumerate(targets.values(), 1) for w in _watched(k, t)]
        last = finite.watch(self.to, watched, self.not_a_number)
        ops = [*first, *early, *(op for name in order for op in rows[name]), *learning, *last]
        present = Present({name: target.made for name, target in targets.items()})
        said = {name: visit.note for name, visit in visits.items() if visit.note}
        return Lowered(ops, ends, notes, said, _kinds(network), present, watched, self.seed)

    def _resets(self, dynamic: Mapping[str, Sequence[Field]]) -> list[Op]:
        """Return the rows that put populations back, each by its own time."""
        every, late = self.reset_every_ticks, self.late or {}
        if not every:
            return []
        return [
            op
            for name, fields in dynamic.items()
            for op in resets(self.to, fields, every, late.get(name, 0))
        ]

    def _in_time(self, op: Op, j: Projection, delay: Int32s) -> Op:
        """Keep spikes that would arrive after a reset of the network from being sent before it."""
        every, late = self.reset_every_ticks, self.late
        if late is None or not every or not len(delay) or (delay != delay[0]).any():
            return op
        behind = late.get(j.source, 0)
        own = int(delay[0]) - late.get(j.target, 0) + behind
        # what is taken where it arrives was sent so many ticks before
        sent = behind + (int(delay[0]) if op.kernel.at_arrival else 0)
        return gate(op, sent, every, every - own) if own > 0 else op

    def _least_bytes(self, p: Population) -> int:
        module = self.library.kind("neuron", p.kind, f'population "{p.name}"')
        return _LEAST_BYTES[_signal(module)] * p.n

    def _visits(self, network: Network, delays: Sequence[Int32s]) -> dict[str, Visit]:
        """Decide for each population which of its neurons a tick visits."""
        visits = {}
        for p in network.populations:
            where = f'population "{p.name}"'
            arriving = [
                (j, d, self.library.kind("synapse", j.kind, f"projection {j.name}"))
                for j, d in zip(network.projections, delays, strict=True)
                if j.target == p.name
            ]
            module = self.library.kind("neuron", p.kind, where)
            visits[p.name] = decide(p, module, arriving, self.dt_us / 1e3, where)
        return visits

    def _source(self, j: Projection, network: Network, inputs: Mapping[str, Ends]) -> _Source:
        """Return what a projection starts from and ends at."""
        n, target = network.size(j.source), _named(network, j.target)
        if j.source in inputs:
            end = inputs[j.source]
            signal, room = ("spikes", end.capacity) if isinstance(end, Units) else ("values", 0)
            return _Source(signal, n, room, target, is_input=True)
        module = self.library.kind(
            "neuron", _named(network, j.source).kind, f'population "{j.source}"'
        )
        return _Source(_signal(module), n, n, target, is_input=False)

    def _synapses(
        self, k: int, j: Projection, delay: Int32s, source: _Source, touches: bool
    ) -> Kernel:
        """Make a projection's kernel."""
        where = f"projection {j.name}"
        module = self.library.kind("synapse", j.kind, where)
        _check_carried(module, j, source.signal, where)
        self._check_added(module, j, source.target, where)
        bundle = Bundle(
            *(j.connections, source.n, source.target.n, delay, self.dt_us / 1e3, j.layout),
            touches=touches,
            capacity=source.capacity,
            from_input=source.is_input,
            rng=np.random.default_rng([self.seed, k, *j.name.encode()]),
        )
        try:
            kernel: Kernel = module.build(settings.config(module, j.kind, j.params, where), bundle)
        except ConfigError as error:
            said = "" if str(error).startswith(where) else f"{where}: "
            raise ConfigError(f"{said}{error}") from error
        return kernel

    def _check_added(self, module: ModuleType, j: Projection, p: Population, where: str) -> None:
        """Refuse synapses that add other numbers than the target sums."""
        neuron = self.library.kind("neuron", p.kind, f'population "{p.name}"')
        added, wanted = _input_type(module, "ADDS"), _input_type(neuron, "INPUT")
        if added != wanted:
            words = {np.dtype(np.int32): "whole", np.dtype(np.float32): "floating-point"}
            raise ConfigError(
                f"{where}: kind {j.kind} adds {words[added]} numbers, and "
                f'"{p.name}" ({p.kind}) sums {words[wanted]} ones'
            )

    def _population(
        self, p: Population, visit: Visit, ahead: Sequence[int]
    ) -> tuple[Op, Ends, _Target]:
        module = self.library.kind("neuron", p.kind, f'population "{p.name}"')
        made = Parameters(p.name, plain(p.params), partial(self._kernel, p, module, visit.events))
        kernel = made.build(made.present)
        width = (p.n + 63) // 64 * 64
        receptors: tuple[str, ...] = module.RECEPTORS
        slots = slots_for(ahead)
        numbers = _input_type(module, "INPUT")
        incoming = self.to.field(f"{p.name}.input", numbers, (len(receptors), slots, width))
        words: dict[int, Word] = {row.N: p.n, row.IN: incoming, row.COUNT: slots}
        touched = None
        if visit.events:
            touched = self.to.field(f"{p.name}.touched", np.uint8, (slots, width // row.BLOCK))
            words[row.FLAGS] = touched
        end: Ends
        if _signal(module) == "values":
            end = Values(p.name, p.n, self.to.field(f"{p.name}.value", np.float32, (p.n,)))
            words[row.OUT] = end.data
        else:
            end = spiking(self.to, p.name, p.n)
            words |= {
                row.OUT: end.spikes,
                row.SPIKING: self.to.field(f"{p.name}.fires", np.uint8, (p.n,)),
                row.SILENT: self.to.field(f"{p.name}.silent", np.uint8, (p.n,)),
            }
        op = place(self.to, p.name, kernel, words)
        if isinstance(end, Units) and _signal(module) == "graded":
            end = replace(end, payload=self.to.reserved(f"{p.name}.payload"))
        return op, end, _Target(p, incoming, receptors, touched, op, made)

    def _kernel(
        self, p: Population, module: ModuleType, events: bool, params: Mapping[str, Number]
    ) -> Kernel:
        """Make a population's kernel; from the same parameters it is the same one."""
        where = f'population "{p.name}"'
        rng = np.random.default_rng([self.seed, *p.name.encode()])
        cell = Cell(p.n, self.dt_us / 1e3, rng, events, settings.own_arrays(module, p, where))
        config = settings.config(module, p.kind, params, where)
        try:
            kernel: Kernel = module.build(config, cell)
        except ConfigError as error:
            raise ConfigError(f"{where}: {error}") from error
        return replace(kernel, state=settings.with_arrays(kernel.state, module, p, where))

    def _projection(
        self, k: int, j: Projection, kernel: Kernel, ends: Mapping[str, Ends], target: _Target
    ) -> Op:
        where = f"projection {j.name}"
        source, post = ends[j.source], ends[j.target]
        module = self.library.kind("synapse", j.kind, where)
        config = settings.config(module, j.kind, j.params, where)
        words: dict[int, Word] = {
            row.N: source.n,
            row.OUT: target.at(j.receptor, where),
            row.COUNT: target.incoming.shape[1],
        }
        if isinstance(source, Units):
            words |= {row.IN: source.spikes, row.IN_META: source.capacity}
            if source.payload is not None:
                words[row.PAYLOAD] = source.payload
        else:
            words[row.IN] = source.data
        if target.touched is not None:
            words[row.TOUCHED] = target.touched
        if isinstance(post, Units):
            words[row.POST] = post.spikes
        elif getattr(module, "LEARNS_FROM", "") == "spikes":
            raise ConfigError(
                f'{where}: kind {j.kind} learns from spikes of "{j.target}", which gives values'
            )
        if getattr(config, "signal", ""):
            size = getattr(module, "SIGNAL_SIZE", 0)
            words[row.SIGNAL] = _third(config.signal, size, ends, where)
        return place(self.to, f"{j.name}.{k}", kernel, words)


def _ahead(kernel: Kernel, delay: Int32s) -> int:
    """Return how many ticks ahead synapses write into the target's input."""
    if kernel.ahead is not None:
        return kernel.ahead
    return int(delay[0] if delay.strides == (0,) else delay.max()) if len(delay) else 0


def _check_carried(module: ModuleType, j: Projection, given: str, where: str) -> None:
    """Refuse a kind that is made for other connections, or for another signal."""
    form = getattr(module, "FORM", Connections)
    if not isinstance(j.connections, form):
        raise ConfigError(
            f"{where}: kind {j.kind} takes {form.__name__}; for a {type(j.connections).__name__}"
            f' leave the kind out, or take kind "{j.connections.KIND}"'
        )
    wanted = _signal(module)
    if wanted != given and (wanted, given) != ("graded", "spikes"):
        right = ' (kind "value" carries values)' if given == "values" else ""
        raise ConfigError(
            f'{where}: "{j.source}" gives {_CARRIED[given]}, and kind {j.kind} carries '
            f"{_CARRIED[wanted]}{right}"
        )


def _kinds(network: Network) -> dict[str, str]:
    """Return the kind of each population and projection, by the name of its fields."""
    kinds = {p.name: p.kind for p in network.populations}
    return kinds | {f"{j.name}.{k}": j.kind for k, j in enumerate(network.projections)}


def _third(name: str, size: int, ends: Mapping[str, Ends], where: str) -> Field:
    """Return where the numbers of a rule's third factor are, of which it may want so many."""
    end = ends.get(name)
    if not isinstance(end, Values):
        known = [n for n, e in ends.items() if isinstance(e, Values)]
        raise ConfigError(f'{where}: no input of values "{name}"{nearest(name, known)}')
    if size and end.n != size:
        raise ConfigError(f'{where}: the signal "{name}" has {end.n} numbers, not {size}')
    return end.data


def _signal(module: ModuleType) -> str:
    """Return what a kind gives or carries: ``spikes``, ``graded`` ones or ``values``."""
    return getattr(module, "SIGNAL", "spikes")


def _named(network: Network, name: str) -> Population:
    return next(p for p in network.populations if p.name == name)


def _input_type(module: ModuleType, name: str) -> np.dtype[Any]:
    """Return the type of the numbers that synapses add, or that neurons sum."""
    return np.dtype(getattr(module, name, np.float32))


def _waiting(target: _Target, end: Ends) -> list[Field]:
    """Return what was sent and did not arrive: its input, and spikes that are taken later."""
    return [target.incoming, *([end.spikes] if isinstance(end, Units) else [])]


def _dynamic(op: Op, waiting: Sequence[Field]) -> list[Field]:
    """Return what a reset puts back: the kind's dynamic arrays, its last spikes, its input."""
    fields = (op.words.get(row.SPIKING), *waiting)
    rest = [field for field in fields if isinstance(field, Field) and field.n_bytes]
    return [*_own_dynamic(op), *rest]


def _watched(number: int, target: _Target) -> list[Watched]:
    """Return what of a population may turn into what is no number."""
    p = target.population
    return finite.watched(p.name, number, p.n, _own_dynamic(target.op))


def _own_dynamic(op: Op) -> list[Field]:
    """Return the arrays that a kind, or a layout of synapses, calls dynamic."""
    names = list(op.kernel.state)
    own = [op.words[row.STATE + names.index(name)] for name in op.kernel.dynamic]
    return [field for field in own if isinstance(field, Field) and field.n_bytes]
