"""The guard of a run: which rows stand between its decoders and its motors, and what they watch."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from neuroloop.config.runfile import RunFile, Timing
from neuroloop.core.body import Body
from neuroloop.core.errors import ConfigError
from neuroloop.core.message import EVENT_BYTES, payload_bytes
from neuroloop.core.ports import Kernel
from neuroloop.core.safety import MOST_WHO, ORDERS
from neuroloop.core.values import Ranges, Scalars, SourceSpec, Spikes
from neuroloop.engine import row
from neuroloop.engine.arena import Assembler
from neuroloop.engine.arena import Field as Array
from neuroloop.engine.op import Op, Slot, Units, Word, place, slot, spiking
from neuroloop.runtime.host.wire import BODY, body_spec
from neuroloop.safety import ladder, reflex, watch
from neuroloop.safety.block import first_block

BLOCK = "guard.block"
ORDERS_PORT = "guard.orders"
_ORDERS_KEPT = 64
_SILENT_US, _SILENT_PERIODS = 150_000, 3
_BODY_SILENT_US = 150_000


@dataclass(frozen=True)
class Limb:
    """A decoder's motion on its way to an actuator."""

    name: str
    body: Body
    kernel: Kernel
    """its row of the guard"""
    wanted: Slot
    allowed: Slot


@dataclass(frozen=True)
class Steered:
    """Where a person's motion for a limb enters."""

    port: str
    channels: int


@dataclass(frozen=True)
class Watched:
    """A sensor that the guard looks at; ``silent_us`` 0 means that it may be silent for ever."""

    spec: SourceSpec
    port: int
    slot: Slot
    silent_us: int
    repeats: bool
    stop: bool = False


@dataclass(frozen=True)
class Warden:
    """Lays the guard's rows out; ``port`` reserves where messages enter."""

    run: RunFile
    to: Assembler
    dt_us: int
    port: Callable[[str, Slot | Units, int], int]

    def rows(
        self, limbs: Sequence[Limb], watched: Sequence[Watched]
    ) -> tuple[list[Op], dict[str, Steered]]:
        """Return the rows in their order, and how the limbs are steered."""
        if not limbs:
            return [], {}
        block = self.to.array(BLOCK, first_block())
        orders = spiking(self.to, ORDERS_PORT, ORDERS * MOST_WHO, _ORDERS_KEPT)
        self.port(ORDERS_PORT, orders, EVENT_BYTES * _ORDERS_KEPT)
        rows = [self._watch(sensor, block) for sensor in watched]
        # every limb is of the one body
        rows += [self._reflex(s, limbs[0], block) for s in watched if _reflexive(self.run, s.spec)]
        start = arms_itself(self.run)
        words: dict[int, Word] = {
            row.N: orders.n,
            row.IN: orders.spikes,
            row.IN_META: orders.capacity,
            row.OUT: block,
        }
        decision = ladder.build(self.run.ladder, start=start, dt_us=self.dt_us)
        rows.append(place(self.to, "guard.ladder", decision, words))
        steered = {}
        for limb in limbs:
            steer = slot(self.to, f"guard.steer.{limb.name}", 4 * len(limb.body.channels))
            self.port(steer.name, steer, steer.data.n_bytes)
            steered[limb.name] = Steered(steer.name, len(limb.body.channels))
            rows.append(self._limb(limb, steer, block))
        return rows, steered

    def watched(
        self,
        specs: Mapping[str, SourceSpec],
        ports: Mapping[str, tuple[int, int]],
        slots: Mapping[str, Slot],
        *,
        values_read: set[str],
        live: bool,
    ) -> list[Watched]:
        """Return what the guard looks at: all sensors that something depends on, and the body.

        ``values_read`` are the sensors whose numbers the network takes; a body tells of itself in
        live runs alone.
        """
        run = self.run
        used = values_read | {part.config.input for part in run.encoders} | set(run.ladder.stop)
        timings = {part.name: timing for part, timing in run.sensors}
        for name in run.ladder.stop:
            if specs[name].reading is Spikes:
                raise ConfigError(
                    f'{run.path}: [guard]: `stop`: sensor "{name}" gives spikes; an emergency stop '
                    "is a sensor of numbers, 0 while all is well"
                )
        found = []
        for name, spec in specs.items():
            if name in slots and (name in used or _reflexive(run, spec)):
                timing = timings[name]
                silent_us = silent_for_us(timing, spec)
                repeats, stop = _repeats(timing, spec), name in run.ladder.stop
                port = ports[name][0]
                found.append(Watched(spec, port, slots[name], silent_us, repeats, stop))
        if BODY in slots:
            silent_us = _BODY_SILENT_US if live else 0
            port = ports[BODY][0]
            found.append(Watched(body_spec(0.0), port, slots[BODY], silent_us, repeats=True))
        return found

    def _watch(self, sensor: Watched, block: Array) -> Op:
        kernel = watch.build(
            sensor.spec,
            who=sensor.port,
            silent_us=sensor.silent_us,
            repeats=sensor.repeats,
            stop=sensor.stop,
            dt_us=self.dt_us,
        )
        words = _reads(sensor, payload_bytes(sensor.spec), block)
        return place(self.to, f"guard.sees.{sensor.spec.name}", kernel, words)

    def _reflex(self, sensor: Watched, limb: Limb, block: Array) -> Op:
        stop_m = self.run.guard.config.stop_m
        kernel = reflex.build(sensor.spec, limb.body, stop_m=stop_m, dt_us=self.dt_us)
        words = _reads(sensor, sensor.spec.shape[0], block)
        return place(self.to, f"guard.reflex.{sensor.spec.name}", kernel, words)

    def _limb(self, limb: Limb, steer: Slot, block: Array) -> Op:
        words: dict[int, Word] = {
            row.N: len(limb.body.channels),
            row.IN: limb.wanted.data,
            row.IN_META: limb.wanted.meta,
            row.OUT: limb.allowed.data,
            row.OUT_META: limb.allowed.meta,
            row.BLOCK_AT: block,
            row.STEER: steer.data,
            row.STEER_META: steer.meta,
        }
        return place(self.to, f"guard.{limb.name}", limb.kernel, words)


def arms_itself(run: RunFile) -> bool:
    """Whether motion begins without an order: what is simulated may, what is real may not."""
    if run.ladder.arm != "auto":
        return run.ladder.arm == "start"
    return run.plant is not None or all(part.kind == "none" for part in run.actuators)


def _reflexive(run: RunFile, spec: SourceSpec) -> bool:
    return spec.reading is Ranges and bool(getattr(run.guard.config, "reflex", False))


def _reads(sensor: Watched, n: int, block: Array) -> dict[int, Word]:
    return {
        row.N: n,
        row.IN: sensor.slot.data,
        row.IN_META: sensor.slot.meta,
        row.OUT: block,
    }


def _repeats(timing: Timing, spec: SourceSpec) -> bool:
    given = spec.repeats if timing.repeats is None else timing.repeats
    return spec.reading is Scalars if given is None else given


def silent_for_us(timing: Timing, spec: SourceSpec) -> int:
    """Return how old the newest reading of a sensor may be; 0 is as old as it likes.

    A reading of a sensor that is slow in telling is old already when it enters.
    """
    if timing.silent_ms is not None:
        return round(timing.silent_ms * 1e3)
    if not spec.rate_hz:
        return 0
    given = timing.latency_ms
    latency_us = spec.latency_us if given is None else round(given * 1e3)
    return latency_us + max(_SILENT_US, round(_SILENT_PERIODS / spec.rate_hz * 1e6))
