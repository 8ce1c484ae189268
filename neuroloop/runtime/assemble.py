"""Put a loop together from a run file: open the parts, lay out the program, connect the rings."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from neuroloop.config.runfile import Part, RunFile, Timing
from neuroloop.core.errors import ConfigError, NeuroloopError, nearest
from neuroloop.core.message import payload_bytes
from neuroloop.core.ports import Actuator, Kernel, Plant, Site
from neuroloop.core.values import Float32s, Scalars, SourceSpec, Spikes
from neuroloop.engine import row, silence
from neuroloop.engine.arena import Assembler
from neuroloop.engine.lower import Lowered, Lowering
from neuroloop.engine.op import Op, Slot, Units, Values, Word, place, slot, spiking
from neuroloop.engine.program import Plan, Program
from neuroloop.runtime import check, networks, plants
from neuroloop.runtime.boundary import blame, check_part
from neuroloop.runtime.episode import Episode
from neuroloop.runtime.feed import Feed, Intake, spike_bytes, waiting
from neuroloop.runtime.loop import Loop
from neuroloop.runtime.python_part import PythonDecoder, PythonEncoder
from neuroloop.runtime.source import OpenSource


@contextmanager
def opened(run: RunFile, clock_dt_us: int) -> Iterator[Loop]:
    """Build every part, open those that hold something open, and close them at the end."""
    with ExitStack() as stack:
        yield _Assembly(run, clock_dt_us, stack).loop()


@dataclass
class _Assembly:
    """The half-built loop; its steps run in the order of the loop."""

    run: RunFile
    dt_us: int
    stack: ExitStack
    to: Assembler = field(default_factory=Assembler)
    plant: Plant | None = None
    plant_kind: str | None = None
    lowered: Lowered | None = None
    ops: list[Op] = field(default_factory=list)
    ports: list[Slot | Units] = field(default_factory=list)
    motions: list[Slot] = field(default_factory=list)
    feeds: list[Feed] = field(default_factory=list)
    sources: dict[str, OpenSource] = field(default_factory=dict)
    slots: dict[str, Slot] = field(default_factory=dict)
    silent_us: dict[str, int] = field(default_factory=dict)
    spiking: dict[str, Units] = field(default_factory=dict)
    bearings: dict[str, Float32s] = field(default_factory=dict)
    python_parts: list[PythonEncoder | PythonDecoder] = field(default_factory=list)
    actuators: list[Actuator] = field(default_factory=list)

    def loop(self) -> Loop:
        check.plant(self.run)
        if self.run.plant is not None:
            part = plants.that_runs_here(self.run.plant, self.run.path)
            self.plant, self.plant_kind = self._open(part), part.kind
        for part, timing in self.run.sensors:
            self._sensor(part, timing)
        for part in self.run.encoders:
            self._encoder(part)
        self._network()
        actuators = {part.name: part for part in self.run.actuators}
        for part in self.run.decoders:
            self._limb(part, actuators[part.name])
        # motion first: its place in what leaves a tick is then the same in every tick
        outlets: list[Slot | Units] = [*self.motions, *self.spiking.values()]
        plan = Plan(self.ops, self.ports, outlets, self.lowered)
        edits = self._feed("edits", -1, 1 << 16)
        program = Program(plan, self.to)
        self._silence(program)
        return Loop(
            dt_us=self.dt_us,
            program=program,
            intake=Intake(self.feeds),
            edits=edits,
            plant=self.plant,
            plant_kind=self.plant_kind,
            sources=list(self.sources.values()),
            actuators=self.actuators,
            python_parts=self.python_parts,
            bearings=self.bearings,
            sinks=[self._sink(part) for part in self.run.sinks],
            episode=self._episode(),
        )

    def _open(self, part: Part, **known: Any) -> Any:
        """Build a part and, where it holds something open, enter it until the run's end."""
        site = Site(
            part.name,
            self.run.run.seed,
            self.dt_us,
            self.run.folder,
            self.plant,
            role=part.role,
            **known,
        )
        try:
            built = part.module.build(part.config, site)
            if isinstance(built, AbstractContextManager):
                built = self.stack.enter_context(built)
            check_part(part.role, part.name, built)
        except NeuroloopError as error:
            raise type(error)(f"{self.run.path}: {part.where}: {error}") from error
        except Exception as error:
            blame(part.role, part.name, error)
        return built

    def _port(self, port: Slot | Units) -> int:
        self.ports.append(port)
        return len(self.ports) - 1

    def _feed(self, name: str, port: int, message_bytes: int, **timing: int) -> Feed:
        feed = Feed(name, port, message_bytes, **timing)
        self.feeds.append(feed)
        return feed

    def _sensor(self, part: Part, timing: Timing) -> None:
        source = self._open(part)
        spec: SourceSpec = source.spec
        given = timing.latency_ms
        latency_us = spec.latency_us if given is None else round(given * 1e3)
        times = {
            "latency_us": latency_us,
            "max_age_us": round(timing.max_age_ms * 1e3),
            "messages": waiting(spec.rate_hz, latency_us + self.dt_us),
        }
        if spec.reading is Spikes:
            units = spiking(self.to, part.name, spec.shape[0])
            self.spiking[part.name] = units
            feed = self._feed(part.name, self._port(units), spike_bytes(units.n), **times)
        else:
            n_bytes = payload_bytes(spec)
            self.slots[part.name] = slot(self.to, part.name, n_bytes)
            self.silent_us[part.name] = _silent_us(timing, spec)
            feed = self._feed(part.name, self._port(self.slots[part.name]), n_bytes, **times)
        self.sources[part.name] = OpenSource(spec, source, feed, self.dt_us)

    def _encoder(self, part: Part) -> None:
        source = self.sources[part.config.input]
        built = self._open(part, source=source.spec)
        # an encoder may share its sensor's name, so that of its fields says what it is
        units = spiking(self.to, part.name, built.units, getattr(built, "capacity", 0))
        self.spiking[part.name] = units
        port = self._port(units)
        if not isinstance(built, Kernel):
            feed = self._feed(part.name, port, spike_bytes(units.n))
            self.python_parts.append(
                PythonEncoder(part.name, built, source.spec, source.feed.port, feed)
            )
            return
        if built.bearing_rad is not None:
            self.bearings[part.name] = built.bearing_rad
        seen = self.slots[part.config.input]
        words: dict[int, Word] = {
            row.N: units.n,
            row.IN: seen.data,
            row.IN_META: seen.meta,
            row.OUT: units.spikes,
            row.OUT_META: units.capacity,
        }
        self.ops.append(place(self.to, f"encoder.{part.name}", built, words))

    def _network(self) -> None:
        wiring, where = self.run.wiring, f"{self.run.path}: [engine]"
        library = self._open(self.run.engine)
        network = networks.of(wiring.network, self.run.folder, wiring.network_options, where)
        check.inputs(network, {name: units.n for name, units in self.spiking.items()}, where)
        inputs: dict[str, Units | Values] = {
            i.name: self._values(i.name, i.n, where) if i.values else self.spiking[i.name]
            for i in network.inputs
        }
        seed, reset = self.run.run.seed, wiring.reset_every_ticks
        lowering = Lowering(self.to, library, self.dt_us, seed, reset, wiring.not_a_number)
        try:
            lowered = lowering.network(network, inputs)
        except ConfigError as error:
            raise ConfigError(f"{where} {wiring.network}: {error}") from error
        self.spiking = lowered.spiking
        self.ops += lowered.ops
        self.lowered = lowered

    def _values(self, name: str, n: int, where: str) -> Values:
        """Return the numbers of the sensor that an input of values is named after."""
        given = self.slots.get(name)
        if given is None or self.sources[name].spec.reading is not Scalars:
            raise ConfigError(
                f'{where}: the network\'s input "{name}" takes values; a sensor of that name that '
                f"gives them is wanted{nearest(name, self.slots)}"
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

    def _limb(self, decoder: Part, actuator: Part) -> None:
        """Connect a population to an actuator: decoder, then guard."""
        name = decoder.config.input
        check.population(decoder, self.spiking, self.run)
        units = self.spiking[name]
        motor: Actuator = self._open(actuator)
        channels = len(motor.body.channels)
        wanted = slot(self.to, f"wanted.{decoder.name}", 4 * channels)
        allowed = slot(self.to, f"motion.{decoder.name}", 4 * channels)
        built = self._open(decoder, body=motor.body, units=units.n)
        if isinstance(built, Kernel):
            words: dict[int, Word] = {
                row.N: units.n,
                row.IN: units.spikes,
                row.IN_META: units.capacity,
                row.OUT: wanted.data,
                row.OUT_META: wanted.meta,
            }
            self.ops.append(place(self.to, f"decoder.{decoder.name}", built, words))
        else:
            feed = self._feed(decoder.name, self._port(wanted), 4 * channels)
            outlet = len(self.run.decoders) + list(self.spiking).index(name)
            self.python_parts.append(PythonDecoder(decoder.name, built, outlet, channels, feed))
        guard: Kernel = self._open(self.run.guard, body=motor.body)
        words = {
            row.N: channels,
            row.IN: wanted.data,
            row.IN_META: wanted.meta,
            row.OUT: allowed.data,
            row.OUT_META: allowed.meta,
        }
        op = place(self.to, f"guard.{decoder.name}", guard, words)
        self.ops += [*self._watches(guard, decoder.name), op]
        self.motions.append(allowed)
        self.actuators.append(motor)

    def _watches(self, guard: Kernel, name: str) -> list[Op]:
        """Return a row for each encoded sensor whose silence the guard wants to know of."""
        if "blind" not in guard.state:
            return []
        blind = self.to.reserved(f"guard.{name}.blind")
        used = {part.config.input for part in self.run.encoders} & self.silent_us.keys()
        return [
            place(
                self.to,
                f"guard.{name}.sees.{sensor}",
                Kernel(silence.watch, counts=(self.silent_us[sensor],)),
                {row.IN_META: self.slots[sensor].meta, row.OUT: blind},
            )
            for sensor in sorted(used)
            if self.silent_us[sensor]
        ]

    def _sink(self, part: Part) -> Any:
        name = getattr(part.config, "source", None)
        if name is None:
            return self._open(part)
        check.source(part, self.sources, self.run)
        source = self.sources[name]
        return self._open(part, source=source.spec, port=source.feed.port)

    def _episode(self) -> Episode:
        run, world = self.run.run, self.plant.world if self.plant else None
        return Episode(
            goal=world.goal if world else None,
            goal_radius_m=world.goal_radius_m if world else 0.5,
            most_us=None if run.seconds is None else round(run.seconds * 1e6),
            stop_at_goal=run.stop_at_goal,
            stop_at_contact=run.stop_at_contact,
        )


def _silent_us(timing: Timing, spec: SourceSpec) -> int:
    """Return how long a sensor may be silent; 0 is for ever."""
    if timing.silent_ms is not None:
        return round(timing.silent_ms * 1e3)
    return round(max(0.5, 5.0 / spec.rate_hz) * 1e6) if spec.rate_hz else 0
