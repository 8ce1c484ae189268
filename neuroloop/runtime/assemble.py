"""Put a loop together from a run file: open the parts, lay out the program, connect the rings."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from neuroloop.config.runfile import Part, RunFile, Timing
from neuroloop.core.ports import Finite, Source, UsesGuard
from neuroloop.core.ring import Ring
from neuroloop.core.values import SourceSpec
from neuroloop.runtime import check, hosting, plants
from neuroloop.runtime.episode import Episode
from neuroloop.runtime.feed import Feed, Intake, waiting
from neuroloop.runtime.guard_access import LimbGuard
from neuroloop.runtime.host.host import Host
from neuroloop.runtime.layout import Layer, Layout
from neuroloop.runtime.live.live import Live
from neuroloop.runtime.loop import Loop
from neuroloop.runtime.orders import Orders
from neuroloop.runtime.parts import Parts
from neuroloop.runtime.python_part import PythonDecoder, PythonEncoder
from neuroloop.runtime.source import OpenSource
from neuroloop.runtime.transducing import Transducing, rehearse
from neuroloop.runtime.warden import ORDERS_PORT

_EDIT_BYTES = 1 << 16
_BODY_HZ = 1000.0


@contextmanager
def opened(run: RunFile, clock_dt_us: int) -> Iterator[Loop]:
    """Build every part, open those that hold something open, and close them at the end."""
    with ExitStack() as stack:
        yield _Assembly(run, Parts(run, clock_dt_us, stack)).loop()


@dataclass(frozen=True)
class _Sensor:
    """A sensor that was opened, here or by a host."""

    part: Part
    timing: Timing
    source: Source
    stack: ExitStack
    hosted: bool

    @property
    def spec(self) -> SourceSpec:
        spec = self.source.spec
        repeats = spec.repeats
        if repeats is None and isinstance(self.source, Finite):
            repeats = True
        return replace(spec, name=self.part.name, repeats=repeats)

    @property
    def times(self) -> dict[str, int]:
        """When its messages are due, and when they are too old."""
        given = self.timing.latency_ms
        return {
            "latency_us": self.source.spec.latency_us if given is None else round(given * 1e3),
            "max_age_us": round(self.timing.max_age_ms * 1e3),
        }


@dataclass
class _Assembly:
    """The half-built loop; its steps run in the order of the loop."""

    run: RunFile
    parts: Parts
    hosts: list[Host] = field(default_factory=list)
    feeds: dict[str, Feed] = field(default_factory=dict)

    def loop(self) -> Loop:
        run, dt_us = self.run, self.parts.dt_us
        check.plant(run)
        check.clock(run)
        plant_kind = self._plant()
        sensors = self._sensors()
        specs = {s.part.name: s.spec for s in sensors}
        live = run.clock.kind == "wall"

        def again(changed: RunFile) -> Layout:
            return Layer(changed, self.parts, specs, live=live).layout()

        layout = again(run)
        self._connect(sensors, layout)
        edits = self.feeds["edits"] = Feed("edits", -1, _EDIT_BYTES)
        loop = Loop(
            dt_us=dt_us,
            program=layout.program,
            intake=Intake(list(self.feeds.values())),
            edits=edits,
            orders=self._orders(layout),
            plant=self.parts.plant,
            plant_kind=plant_kind,
            sources=[self._open_source(s, layout) for s in sensors],
            actuators=layout.actuators,
            python_parts=self._python(layout, specs),
            bearings=layout.bearings,
            sinks=[self._sink(part, specs) for part in run.sinks],
            episode=self._episode(),
            live=Live(run, self.hosts, again, specs) if live else None,
        )
        for limb, actuator in zip(layout.steered, layout.actuators, strict=True):
            if isinstance(actuator, UsesGuard):
                actuator.use_guard(LimbGuard(loop, limb))
        return loop

    def _plant(self) -> str | None:
        """Open the world, and in live runs all that lives in a process of its own."""
        part, live = self.run.plant, self.run.clock.kind == "wall"
        if part is not None:
            part = plants.that_runs_here(part, self.run.path)
        if live:
            self.hosts = hosting.opened(self.run, part, self.parts.dt_us, self.parts.stack)
            self.parts.plant = next((h.plant for h in self.hosts if h.plant is not None), None)
        elif part is not None:
            self.parts.plant = self.parts.open(part)
        return part.kind if part is not None else None

    def _sensors(self) -> list[_Sensor]:
        hosted = {name: host for host in self.hosts for name in host.specs}
        found = []
        for part, timing in self.run.sensors:
            own = self.parts.stack.enter_context(ExitStack())
            host = hosted.get(part.name)
            source = self.parts.open(part, own) if host is None else host.source(part.name)
            found.append(_Sensor(part, timing, source, own, host is not None))
        return found

    def _connect(self, sensors: list[_Sensor], layout: Layout) -> None:
        """Make a feed for everything that comes in, in the order of the ports."""
        by_name = {s.part.name: s for s in sensors}
        at = {f"encoder.{e.part.name}": e for e in layout.at_sensors}
        times = {name: sensor.times for name, sensor in by_name.items()}
        rates = {name: sensor.spec.rate_hz for name, sensor in by_name.items()}
        for name, encoder in at.items():
            of = times[encoder.part.config.input]
            times[name] = {**of, "latency_us": of["latency_us"] + encoder.built.latency_us}
            rates[name] = 1e6 / self.parts.dt_us  # its spikes come in a message a tick
        room = {}
        for name, (_, n_bytes) in layout.ports.items():
            ahead_us = times[name]["latency_us"] + self.parts.dt_us if name in times else 0
            room[name] = waiting(rates.get(name, _BODY_HZ), ahead_us, n_bytes)
        rings: dict[str, Ring] = {}
        for host in self.hosts:
            its = {name: e for name, e in at.items() if e.part.config.input in host.specs}
            sizes = {name: (*layout.ports[name], room[name]) for name in (*host.specs, *its)}
            rings |= host.connect(sizes, [e.part for e in its.values()])
        for name, (port, n_bytes) in layout.ports.items():
            when, ring = times.get(name, {}), rings.get(name)
            self.feeds[name] = Feed(name, port, n_bytes, messages=room[name], ring=ring, **when)

    def _open_source(self, sensor: _Sensor, layout: Layout) -> OpenSource:
        name = sensor.part.name
        at_it = [e for e in layout.at_sensors if e.part.config.input == name]
        if not sensor.hosted:
            for encoder in at_it:
                rehearse(encoder.built, sensor.spec)
        host = next((h for h in self.hosts if name in h.specs), None)
        return OpenSource(
            sensor.spec,
            sensor.source,
            self.feeds[sensor.part.name],
            self.parts.dt_us,
            hosted=sensor.hosted,
            declared=sensor.timing.latency_ms is not None or sensor.spec.latency_us > 0,
            again=self._again(sensor),
            transducing=[
                Transducing(e.part.name, e.built, self.feeds[f"encoder.{e.part.name}"])
                for e in at_it
            ],
            told=None if host is None else partial(host.counts, name),
        )

    def _again(self, sensor: _Sensor) -> Callable[[], Source]:
        """Return what closes a sensor that failed and opens it anew."""

        def again() -> Source:
            sensor.stack.close()
            source: Source = self.parts.open(sensor.part, sensor.stack)
            return source

        return again

    def _orders(self, layout: Layout) -> Orders:
        if ORDERS_PORT not in self.feeds:
            return Orders()
        steered = {limb: (self.feeds[to.port], to.channels) for limb, to in layout.steered.items()}
        return Orders(self.feeds[ORDERS_PORT], steered)

    def _python(
        self, layout: Layout, specs: Mapping[str, SourceSpec]
    ) -> list[PythonEncoder | PythonDecoder]:
        found: list[PythonEncoder | PythonDecoder] = []
        for p in layout.python:
            built: Any = p.built
            feed = self.feeds[f"{p.part.role}.{p.part.name}"]
            if p.channels:
                found.append(PythonDecoder(p.part.name, built, p.outlet, p.channels, feed))
            else:
                name = p.part.config.input
                port = layout.ports[name][0]
                found.append(PythonEncoder(p.part.name, built, specs[name], port, feed))
        return found

    def _sink(self, part: Part, specs: Mapping[str, SourceSpec]) -> Any:
        name = getattr(part.config, "source", None)
        if name is None:
            return self.parts.open(part)
        check.source(part, specs, self.run)
        return self.parts.open(part, source=specs[name], port=self.feeds[name].port)

    def _episode(self) -> Episode:
        run, plant = self.run.run, self.parts.plant
        world = plant.world if plant else None
        return Episode(
            goal=world.goal if world else None,
            goal_radius_m=world.goal_radius_m if world else 0.5,
            most_us=None if run.seconds is None else round(run.seconds * 1e6),
            stop_at_goal=run.stop_at_goal,
            stop_at_contact=run.stop_at_contact,
        )
