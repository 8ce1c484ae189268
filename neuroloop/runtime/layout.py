"""Lay out the program of a run: the rows of its parts, one after another, over one arena.

It may be done again for another network while the loop runs: what comes in has the same port in
every program of a run, and motion leaves at the same place.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from neuroloop.config.runfile import Part, RunFile
from neuroloop.core.errors import ConfigError, nearest
from neuroloop.core.message import payload_bytes
from neuroloop.core.ports import Actuator, Kernel, Transducer
from neuroloop.core.values import Float32s, Scalars, SourceSpec, Spikes
from neuroloop.engine import row
from neuroloop.engine.arena import Assembler
from neuroloop.engine.gate import gate
from neuroloop.engine.lower import Library, Lowered, Lowering
from neuroloop.engine.op import Op, Slot, Units, Values, Word, place, slot, spiking
from neuroloop.engine.program import Plan, Program
from neuroloop.engine.unroll import unrolled
from neuroloop.network.graph import Network
from neuroloop.runtime import check, networks
from neuroloop.runtime.feed import spike_bytes
from neuroloop.runtime.host.wire import BODY, body_spec
from neuroloop.runtime.parts import Parts
from neuroloop.runtime.warden import Limb, Steered, Warden

_log = logging.getLogger("neuroloop.network")
_chip_log = logging.getLogger("neuroloop.chip")


@dataclass(frozen=True)
class PythonPart:
    """A part in plain Python: it runs beside the tick."""

    part: Part
    built: object
    port: int
    """where what it gives enters"""
    outlet: int = -1
    """decoders: the number of the population it reads among what leaves a tick"""
    channels: int = 0
    """decoders: of the motion"""


@dataclass(frozen=True)
class AtSensor:
    """An encoder that works at its sensor."""

    part: Part
    built: Transducer
    port: int
    """where its spikes enter"""


@dataclass
class Layout:
    """What was laid out; ports are numbers of messages, sizes are of payloads in bytes."""

    program: Program
    ports: Mapping[str, tuple[int, int]]
    """port and size of everything that comes in, by the name of sensor, Python part or order"""
    python: list[PythonPart]
    at_sensors: list[AtSensor]
    bearings: Mapping[str, Float32s]
    actuators: list[Actuator]
    steered: Mapping[str, Steered]


@dataclass
class Layer:
    """The half-made layout; its steps run in the order of the loop.

    ``live`` says whether a simulated body tells of itself.
    """

    run: RunFile
    parts: Parts
    specs: Mapping[str, SourceSpec]
    """of the sensors, in their order in the run file"""
    live: bool = False
    to: Assembler = field(default_factory=Assembler)
    ops: list[Op] = field(default_factory=list)
    doors: list[Slot | Units] = field(default_factory=list)
    ports: dict[str, tuple[int, int]] = field(default_factory=dict)
    slots: dict[str, Slot] = field(default_factory=dict)
    spiking: dict[str, Units] = field(default_factory=dict)
    limbs: list[Limb] = field(default_factory=list)
    python: list[PythonPart] = field(default_factory=list)
    at_sensors: list[AtSensor] = field(default_factory=list)
    bearings: dict[str, Float32s] = field(default_factory=dict)
    actuators: list[Actuator] = field(default_factory=list)
    values_read: set[str] = field(default_factory=set)
    """sensors whose numbers the network takes"""
    late: Mapping[str, int] = field(default_factory=dict)
    """ticks by which populations lag behind the network, on a backend that delays them"""
    counts: set[str] = field(default_factory=set)
    """populations whose spikes carry how often a neuron fired"""

    def layout(self) -> Layout:
        """Lay it all out."""
        for spec in self.specs.values():
            self._sensor(spec)
        if self.run.plant is not None:
            self._sensor(body_spec(0.0))
        for part in self.run.encoders:
            self._encoder(part)
        lowered = self._network()
        actuators = {part.name: part for part in self.run.actuators}
        outlets: list[Slot | Units] = [
            self._limb(part, actuators[part.name]) for part in self.run.decoders
        ]
        warden = Warden(self.run, self.to, self.parts.dt_us, self._port)
        watched = warden.watched(
            self.specs, self.ports, self.slots, values_read=self.values_read, live=self.live
        )
        rows, steered = warden.rows(self.limbs, watched)
        self.ops += rows
        # motion first, then what is read in plain Python: their places are those of every program
        read = [self.spiking[p.part.config.input] for p in self.python if p.channels]
        outlets += dict.fromkeys([*read, *self.spiking.values()])
        program = Program(Plan(self.ops, self.doors, outlets, lowered), self.to)
        self._silence(program)
        python = [_numbered(p, outlets, self.spiking) for p in self.python]
        return Layout(
            program, self.ports, python, self.at_sensors, self.bearings, self.actuators, steered
        )

    def _port(self, name: str, door: Slot | Units, n_bytes: int) -> int:
        self.doors.append(door)
        self.ports[name] = (len(self.doors) - 1, n_bytes)
        return len(self.doors) - 1

    def _sensor(self, spec: SourceSpec) -> None:
        """Reserve where a source's messages go."""
        if spec.reading is Spikes:
            units = spiking(self.to, spec.name, spec.shape[0], spec.capacity)
            self.spiking[spec.name] = units
            self._port(spec.name, units, spike_bytes(units.n, spec.capacity))
        else:
            n_bytes = payload_bytes(spec)
            self.slots[spec.name] = slot(self.to, spec.name, n_bytes)
            self._port(spec.name, self.slots[spec.name], n_bytes)

    def _encoder(self, part: Part) -> None:
        built = self.parts.once(part, source=self.specs[part.config.input])
        # an encoder may share its sensor's name, so that of its fields says what it is
        units = spiking(self.to, part.name, built.units, getattr(built, "capacity", 0))
        self.spiking[part.name] = units
        # spikes of a compiled encoder are made in the tick and never wait in a ring
        room = spike_bytes(units.n, getattr(built, "capacity", 0))
        port = self._port(f"encoder.{part.name}", units, 0 if isinstance(built, Kernel) else room)
        bearing_rad = getattr(built, "bearing_rad", None)
        if bearing_rad is not None:
            self.bearings[part.name] = bearing_rad
        if isinstance(built, Transducer):
            self.at_sensors.append(AtSensor(part, built, port))
            return
        if not isinstance(built, Kernel):
            self.python.append(PythonPart(part, built, port))
            return
        seen = self.slots[part.config.input]
        words: dict[int, Word] = {
            row.N: units.n,
            row.IN: seen.data,
            row.IN_META: seen.meta,
            row.OUT: units.spikes,
            row.OUT_META: units.capacity,
        }
        self.ops.append(place(self.to, f"encoder.{part.name}", built, words))

    def _network(self) -> Lowered:
        wiring, where = self.run.wiring, f"{self.run.path}: [engine]"
        library = self.parts.open(self.run.engine)
        network = networks.of(wiring.network, self.run.folder, wiring.network_options, where)
        # spikes of a sensor may be for its encoders alone
        wanted = {part.name for part in network.inputs}
        heard = {part.config.input for part in self.run.encoders} - wanted
        fed = {name: units.n for name, units in self.spiking.items() if name not in heard}
        check.inputs(network, fed, where)
        inputs: dict[str, Units | Values] = {
            i.name: self._values(i.name, i.n, where) if i.values else self.spiking[i.name]
            for i in network.inputs
        }
        self.values_read = {i.name for i in network.inputs if i.values}
        seed, reset = self.run.run.seed, wiring.reset_every_ticks
        dt_us, not_a_number = self.parts.dt_us, wiring.not_a_number
        try:
            adapted = library.adapt(network, dt_us)
            self.late = adapted.late or {}
            self.counts = _counts(adapted.network, library, where)
            lowering = Lowering(self.to, library, dt_us, seed, reset, not_a_number, adapted.late)
            lowered = lowering.network(adapted.network, inputs)
        except ConfigError as error:
            raise ConfigError(f"{where} {wiring.network}: {error}") from error
        for line in adapted.room:
            _chip_log.info("%s", line)
        for note in adapted.notes:
            _log.warning("%s: %s", wiring.network, note)
        # what a backend adds stays its own: a run tells as much on each, and can be swapped to it
        own = {part.name for part in network.spiking}
        self.spiking = {name: units for name, units in lowered.spiking.items() if name in own}
        self.ops += lowered.ops
        return lowered

    def _values(self, name: str, n: int, where: str) -> Values:
        """Return the numbers of the sensor that an input of values is named after."""
        given = self.slots.get(name)
        if given is None or name not in self.specs or self.specs[name].reading is not Scalars:
            raise ConfigError(
                f'{where}: the network\'s input "{name}" takes values; a sensor of that name that '
                f"gives them is wanted{nearest(name, self.slots.keys() - {BODY})}"
            )
        if given.data.n_bytes != 4 * n:
            raise ConfigError(
                f'{where}: the network\'s input "{name}" takes {n} values, the sensor gives '
                f"{given.data.n_bytes // 4}"
            )
        return Values(name, n, given.data)

    def _silence(self, program: Program) -> None:
        """Silence the part of each population that the run file asks for."""
        for name, part in self.run.wiring.silence.items():
            n = self.spiking[name].n if name in self.spiking else 0
            if f"{name}.silent" not in program.arena.fields:
                raise ConfigError(
                    f'{self.run.path}: [engine]: `silence`: the network has no population "{name}"'
                    f"{nearest(name, self.spiking)}"
                )
            rng = np.random.default_rng([self.run.run.seed, *f"silence.{name}".encode()])
            program.arena[f"{name}.silent"][rng.permutation(n)[: round(part * n)]] = 1

    def _limb(self, decoder: Part, actuator: Part) -> Slot:
        """Connect a population to an actuator; returns where its motion leaves."""
        name = decoder.config.input
        check.population(decoder, self.spiking, self.run)
        units = self.spiking[name]
        motor: Actuator = self.parts.once(actuator)
        channels = len(motor.body.channels)
        wanted = slot(self.to, f"wanted.{decoder.name}", 4 * channels)
        allowed = slot(self.to, f"motion.{decoder.name}", 4 * channels)
        built = self.parts.decoder(decoder, body=motor.body, units=units.n)
        if isinstance(built, Kernel):
            units = self._plain(decoder, units)
            words: dict[int, Word] = {
                row.N: units.n,
                row.IN: units.spikes,
                row.IN_META: units.capacity,
                row.OUT: wanted.data,
                row.OUT_META: wanted.meta,
            }
            op = place(self.to, f"decoder.{decoder.name}", built, words)
            # its windows begin when the population does
            late = self.late.get(name, 0)
            self.ops.append(gate(op, late) if late else op)
        else:
            port = self._port(f"decoder.{decoder.name}", wanted, 4 * channels)
            self.python.append(PythonPart(decoder, built, port, channels=channels))
        guard: Kernel = self.parts.open(self.run.guard, body=motor.body)
        self.limbs.append(Limb(decoder.name, motor.body, guard, wanted, allowed))
        self.actuators.append(motor)
        return allowed

    def _plain(self, decoder: Part, units: Units) -> Units:
        """Return the list of spikes that a compiled decoder counts."""
        if units.payload is None:
            return units
        name = f"decoder.{decoder.name}"
        if units.name not in self.counts:
            raise ConfigError(
                f"{self.run.path}: {decoder.where}: it counts spikes, and those of "
                f'"{units.name}" carry numbers that are no counts; a decoder in plain Python gets '
                "them as `spikes.value`, or let it read a population of plain spikes"
            )
        op, plain = unrolled(self.to, units, units.payload, name)
        self.ops.append(op)
        return plain


def _counts(network: Network, library: Library, where: str) -> set[str]:
    """Return the populations whose spikes carry how often a neuron fired."""
    modules = {p.name: library.kind("neuron", p.kind, where) for p in network.populations}
    return {name for name, module in modules.items() if getattr(module, "COUNTS", False)}


def _numbered(
    part: PythonPart, outlets: list[Slot | Units], spiking: Mapping[str, Units]
) -> PythonPart:
    """Give a decoder in plain Python the number of its population's outlet."""
    if not part.channels:
        return part
    outlet = outlets.index(spiking[part.part.config.input])
    return PythonPart(part.part, part.built, part.port, outlet, part.channels)
