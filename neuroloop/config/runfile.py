"""A run file: which parts make one loop, and their settings, as typed values.

Reading one imports only the parts it names and builds nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from neuroloop.config import find, resolve, toml
from neuroloop.core.body import Fraction, NotNegative, Positive
from neuroloop.core.errors import ConfigError, nearest

Settings = dict[str, Any]


class Run(Struct, frozen=True, forbid_unknown_fields=True):
    """``[run]``: when a run ends and where its chance comes from."""

    title: str = ""
    seconds: Positive | None = None
    """most run time; without one the run ends at its goal, at the end of its files, or by Ctrl-C"""
    seed: Annotated[int, Meta(ge=0, le=2**62)] = 0
    stop_at_goal: bool = True
    stop_at_contact: bool = False
    black_box: str | None = None
    """a file in which the simulated body of a live run writes down every command it obeyed"""


class Sections(Struct, frozen=True, forbid_unknown_fields=True):
    """The file as it stands; what belongs to a part is decoded with the part's ``Config``."""

    engine: Settings
    run: Run = Run()
    clock: Settings = field(default_factory=dict)
    plant: Settings | None = None
    sensor: dict[str, Settings] = field(default_factory=dict)
    encoder: dict[str, Settings] = field(default_factory=dict)
    decoder: dict[str, Settings] = field(default_factory=dict)
    guard: Settings = field(default_factory=dict)
    actuator: dict[str, Settings] = field(default_factory=dict)
    sink: dict[str, Settings] = field(default_factory=dict)


class Timing(Struct, frozen=True):
    """Settings of any sensor, beside those of its kind."""

    latency_ms: NotNegative | None = None
    """a reading stamped t enters the tick that holds t + latency; where it is left out it is what
    the sensor says of itself, or else 0 in simulation and measured at the start of a live run"""
    max_age_ms: Positive = 1000.0
    """a reading that comes later than this after it was due is dropped and counted"""
    silent_ms: Positive | None = None
    """the motors stop where the newest reading is older than this; by default 150 ms, or three
    periods of a slow sensor; a sensor without a rate is never silent unless this is given"""
    repeats: bool | None = None
    """whether equal readings one after another are in good order; where they are not, a frozen
    sensor counts as a silent one; by default they are not for pictures, scans and sound of a
    device"""
    process: bool = False
    """whether the sensor has a process of its own, so that nothing it does, nor how it ends, can
    keep the others waiting; sensors of a simulated robot live in its process"""


class Wiring(Struct, frozen=True):
    """Settings of any engine, beside those of its kind."""

    network: str
    """a file, or ``nets.py:build`` beside the run file"""
    network_options: Settings = field(default_factory=dict)
    """keyword arguments of ``build``"""
    reset_every_ticks: Annotated[int, Meta(ge=0)] = 0
    """how often the neurons are put back to their first state; 0 is never"""
    silence: dict[str, Fraction] = field(default_factory=dict)
    """part of a population's neurons, drawn by the seed, that never fire"""
    not_a_number: Literal["stop", "clamp", "off"] = "stop"
    """where a neuron's state is no longer a number: the run ends and the motors stop, or the value
    is put back to its first one and counted, or nobody looks"""


class Ladder(Struct, frozen=True):
    """Settings of the guard, beside those of its kind: when motion ends, and who may begin it."""

    arm: Literal["auto", "start", "manual"] = "auto"
    """``start`` arms once, as soon as nothing stands against it; ``manual`` waits for an order;
    ``auto`` is ``start`` in simulation and where nothing can move, else ``manual``"""
    hold_ms: NotNegative = 100.0
    """how long something may be doubtful, with zero motion, before only a new order to arm ends
    it"""
    overrun_ms: Positive = 100.0
    """how long ticks may be skipped before that counts as doubtful; two ticks at least"""
    off_s: Positive = 5.0
    """how long after a stop the body may cut the power of its motors"""
    stop: tuple[str, ...] = ()
    """sensors of numbers, a bumper or a button: emergency stop where any number is not 0"""


@dataclass(frozen=True)
class Part:
    """One part of a run, decoded and not yet built."""

    role: str
    name: str
    kind: str
    module: ModuleType
    config: Any

    @property
    def where(self) -> str:
        """Its place in the run file."""
        return f"[{self.role}.{self.name}]" if self.name != self.role else f"[{self.role}]"


@dataclass(frozen=True)
class RunFile:
    """A whole run, decoded."""

    path: Path
    run: Run
    clock: Part
    plant: Part | None
    sensors: tuple[tuple[Part, Timing], ...]
    encoders: tuple[Part, ...]
    engine: Part
    wiring: Wiring
    decoders: tuple[Part, ...]
    guard: Part
    ladder: Ladder
    actuators: tuple[Part, ...]
    sinks: tuple[Part, ...]

    @property
    def folder(self) -> Path:
        """Relative paths in the run file start here."""
        return self.path.parent

    @property
    def parts(self) -> tuple[Part, ...]:
        """Every part in the order of the loop."""
        plant = () if self.plant is None else (self.plant,)
        sensors = tuple(part for part, _ in self.sensors)
        return (
            *(self.clock, *plant, *sensors, *self.encoders, self.engine, *self.decoders),
            *(self.guard, *self.actuators, *self.sinks),
        )


def load(name: str, changes: Sequence[str] = ()) -> RunFile:
    """Find and decode a run file; ``changes`` are ``path=value`` texts that win over the file.

    Raises
    ------
    ConfigError
        Names the file, the place in it, what was wrong and what would be right.
    PartError
        Where the module of a part fails to import.
    """
    path = find.run_file(name)
    tables = find.with_changes(find.with_bases(path), changes)
    toml.check_finite(tables, str(path))
    sections = toml.convert(tables, Sections, str(path))
    part = _Decoder(path)
    engine = dict(sections.engine)
    wiring = toml.convert(_take(engine, Wiring), Wiring, f"{path}: [engine]")
    guard = {"kind": "limits", **sections.guard}
    ladder = toml.convert(_take(guard, Ladder), Ladder, f"{path}: [guard]")
    sensors = []
    for sensor, settings in sections.sensor.items():
        rest = dict(settings)
        where = f"{path}: [sensor.{sensor}]"
        timing = toml.convert(_take(rest, Timing), Timing, where)
        sensors.append((part("sensor", sensor, rest), timing))
    run = RunFile(
        path=path,
        run=sections.run,
        clock=part("clock", "clock", {"kind": "step", **sections.clock}),
        plant=None if sections.plant is None else part("plant", "plant", sections.plant),
        sensors=tuple(sensors),
        encoders=part.each("encoder", sections.encoder),
        engine=part("engine", "engine", engine),
        wiring=wiring,
        decoders=part.each("decoder", sections.decoder),
        guard=part("guard", "guard", guard),
        ladder=ladder,
        actuators=part.each("actuator", sections.actuator),
        sinks=part.each("sink", sections.sink),
    )
    _check_references(run)
    return run


class _Decoder:
    """Decodes the section of one part."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, role: str, name: str, settings: Settings) -> Part:
        section = f"[{role}.{name}]" if name != role else f"[{role}]"
        where = f"{self._path}: {section}"
        rest = dict(settings)
        kind = rest.pop("kind", None)
        if not isinstance(kind, str):
            known = nearest("", resolve.kinds(role))
            raise ConfigError(f"{where}: needs a kind, the name of a {role}{known}")
        module = resolve.module(role, kind, self._path.parent, where)
        for needed in ("Config", "build"):
            if not hasattr(module, needed):
                raise ConfigError(
                    f"{where}: {module.__name__} defines no {needed}; "
                    "a part is a file with Config and build(config, site)"
                )
        config = toml.convert(rest, module.Config, where)
        return Part(role, name, kind, module, config)

    def each(self, role: str, sections: Mapping[str, Settings]) -> tuple[Part, ...]:
        return tuple(self(role, name, settings) for name, settings in sections.items())


def _take(settings: Settings, kind: type[Struct]) -> Settings:
    """Move the settings that every part of a role has out of those of its kind."""
    return {n: settings.pop(n) for n in kind.__struct_fields__ if n in settings}


def _check_references(run: RunFile) -> None:
    """Refuse names of parts that the file does not have, and two parts with one name."""
    sensors = {part.name for part, _ in run.sensors}
    decoders = {part.name for part in run.decoders}
    actuators = {part.name for part in run.actuators}
    for part in (*run.encoders, *run.decoders):
        if not isinstance(getattr(part.config, "input", None), str):
            raise ConfigError(f"{run.path}: {part.where}: its Config needs a field `input: str`")
    for name in run.ladder.stop:
        if name not in sensors:
            where = f"{run.path}: [guard]: `stop`"
            raise ConfigError(f'{where}: no sensor "{name}"{nearest(name, sensors)}')
    for part in run.encoders:
        source = part.config.input
        if source not in sensors:
            where = f"{run.path}: {part.where}: `input`"
            raise ConfigError(f'{where}: no sensor "{source}"{nearest(source, sensors)}')
    for name in sorted(decoders ^ actuators):
        mine, other = ("decoder", "actuator") if name in decoders else ("actuator", "decoder")
        known = nearest(name, actuators if name in decoders else decoders)
        raise ConfigError(
            f"{run.path}: [{mine}.{name}]: a decoder drives the actuator of its own name, "
            f"and there is no [{other}.{name}]{known}"
        )
