"""What a host and its process tell each other over their socket, as msgpack; nothing is pickled."""

from typing import Any, Literal

import msgspec
import numpy as np
from msgspec import Struct

from neuroloop.config.runfile import Part
from neuroloop.core import errors, values
from neuroloop.core.body import Body
from neuroloop.core.errors import NeuroloopError, PartError
from neuroloop.core.values import Scalars, SourceSpec
from neuroloop.core.world import World

BODY = "plant.body"
"""the sensor that a simulated body is; no section of a run file has this name"""
_BODY_LABELS = ("x_m", "y_m", "yaw_rad", "forward_mps", "turn_radps", "left_mps", "right_mps")


class PartData(Struct, frozen=True):
    """A part of a run file, not yet decoded."""

    role: str
    name: str
    kind: str
    settings: dict[str, Any]


class SpecData(Struct, frozen=True):
    """A `SourceSpec`."""

    reading: str
    name: str
    shape: tuple[int, ...]
    rate_hz: float
    unit: str
    low: float
    high: float
    labels: tuple[str, ...]
    bearing_rad: bytes | None
    pose: tuple[float, ...]
    stamped_by: str
    latency_us: int
    capacity: int
    repeats: bool | None


class RingData(Struct, frozen=True):
    """Where a ring lies in the memory that comes along, and what goes into it."""

    name: str
    port: int
    message_bytes: int
    start: int
    n_bytes: int


class Built(Struct, frozen=True, tag=True):
    """All parts are open; ``pace_us`` is how often a body goes round."""

    specs: list[SpecData]
    finite: list[bool]
    """which of them are recordings"""
    body: Body | None
    world: World | None
    pace_us: int

    def same_kind(self, other: "Built") -> bool:
        """Whether the sensors give readings of the same types and sizes."""
        mine = [(s.name, s.reading, s.shape) for s in self.specs]
        return mine == [(s.name, s.reading, s.shape) for s in other.specs]


class Build(Struct, frozen=True, tag=True):
    """Build and open these parts; ``memory`` is the number of the inherited file of `Shared`."""

    path: str
    seed: int
    dt_us: int
    memory: int
    plant: PartData | None
    sensors: list[PartData]
    black_box: str | None
    log_level: int
    before: Built | None = None
    """what an earlier life said: the rings are made for readings like its"""


class Connect(Struct, frozen=True, tag=True):
    """Fill these rings; the file of their memory comes with the message.

    ``encoders`` work at the sensors of this process; their rings are called ``encoder.NAME``.
    """

    rings: list[RingData]
    encoders: list[PartData]


class Begin(Struct, frozen=True, tag=True):
    """Run time was, or will be, 0 at ``start_ns`` of the monotonic clock; begin at ``at_us``."""

    start_ns: int
    at_us: int


Called = Literal["place", "scan", "picture", "snapshot", "restore"]


class Call(Struct, frozen=True, tag=True):
    """Ask the plant for something; exactly one `Answer` comes."""

    number: int
    what: Called
    arguments: list[Any]


class End(Struct, frozen=True, tag=True):
    """Stop, close everything and end."""


class Building(Struct, frozen=True, tag=True):
    """The process has come to this part."""

    part: str


class Connected(Struct, frozen=True, tag=True):
    """The encoders are built and the rings are filled once it begins."""


class Failed(Struct, frozen=True, tag=True):
    """The process ends with this error."""

    kind: str
    text: str


class Noticed(Struct, frozen=True, tag=True):
    """A sensor, or the body where ``name`` is empty, failed or is well again."""

    name: str
    well: bool
    text: str


class Logged(Struct, frozen=True, tag=True):
    """A line of a part's log."""

    level: int
    logger: str
    text: str


class Counted(Struct, frozen=True, tag=True):
    """What a sensor and its encoders counted since they were opened."""

    name: str
    counts: dict[str, int]


class Answer(Struct, frozen=True, tag=True):
    """What became of a call."""

    number: int
    content: bytes
    error: Failed | None


Request = Build | Connect | Begin | Call | End
Report = Building | Built | Connected | Failed | Noticed | Logged | Counted | Answer


def part_data(part: Part) -> PartData:
    """Return a decoded part as what it was decoded from."""
    return PartData(part.role, part.name, part.kind, msgspec.to_builtins(part.config))


def spec_data(spec: SourceSpec) -> SpecData:
    """Return a spec as plain data."""
    fields: dict[str, Any] = {name: getattr(spec, name) for name in SpecData.__struct_fields__}
    if spec.bearing_rad is not None:
        fields["bearing_rad"] = np.asarray(spec.bearing_rad, np.float32).tobytes()
    return SpecData(**{**fields, "reading": spec.reading.__name__})


def spec_of(data: SpecData) -> SourceSpec:
    """Return the spec that travelled as ``data``."""
    fields = msgspec.structs.asdict(data)
    if data.bearing_rad is not None:
        fields["bearing_rad"] = np.frombuffer(data.bearing_rad, np.float32)
    return SourceSpec(**{**fields, "reading": getattr(values, data.reading)})


def body_spec(rate_hz: float) -> SourceSpec:
    """Return what a simulated body tells of itself; wheel speeds are those it commands."""
    return SourceSpec(
        BODY, Scalars, (8,), rate_hz, labels=(*_BODY_LABELS, "touching"), repeats=True
    )


def failed(error: NeuroloopError) -> Failed:
    """Return an error as data; of a class of its own, the nearest that everybody knows."""
    known = (c.__name__ for c in type(error).__mro__ if getattr(errors, c.__name__, None) is c)
    return Failed(next(known), str(error))


def error_of(data: Failed) -> NeuroloopError:
    """Return the error that travelled as ``data``."""
    kind = getattr(errors, data.kind, PartError)
    error: NeuroloopError = kind(data.text)
    return error
