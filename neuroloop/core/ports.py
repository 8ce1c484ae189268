"""The ports of the loop: what each kind of part must offer, and nothing else.

A part lives in one file that defines ``Config`` (a frozen ``msgspec.Struct``) and
``build(config, site)``.  A part that holds a device open is a context manager as well; the
launcher enters it before the first tick and leaves it after the last.

Encoders, decoders and guards that run inside the tick are `Kernel` values; the plain-Python forms
below run behind a ring and act one tick later, under both clocks.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroloop.core.body import Body
from neuroloop.core.safety import Order, State
from neuroloop.core.values import (
    Float32s,
    Int32s,
    Motion,
    Reading,
    SourceSpec,
    Spikes,
    Tick,
    UInt8s,
)
from neuroloop.core.world import Point, World


@runtime_checkable
class Source(Protocol):
    """A sensor."""

    @property
    def spec(self) -> SourceSpec:
        """What it yields; known once the part is open."""
        ...

    def read(self, until_us: int) -> Sequence[Reading]:
        """Return the readings stamped before ``until_us`` that were not returned before.

        Oldest first, empty allowed; never waits.  ``until_us`` never goes back.
        """
        ...


@runtime_checkable
class Finite(Protocol):
    """A source that comes to an end: a file.

    A run without a plant ends when all of these have ended, whatever other sources it has.
    """

    @property
    def ended(self) -> bool:
        """Whether the last reading was returned."""
        ...


@runtime_checkable
class Encoder(Protocol):
    """An encoder in plain Python: reading → spikes, one tick later."""

    @property
    def units(self) -> int:
        """Number of units it can make spike."""
        ...

    def encode(self, reading: Reading, tick: Tick) -> Spikes:
        """Return the spikes of one reading; units below ``units``."""
        ...


@runtime_checkable
class Transducer(Protocol):
    """An encoder that works where its sensor is read, before the tick: reading → stamped spikes.

    For work that is heavy, or spikes that are finer in time than readings: a camera's pixels, a
    microphone's channels.  It lives in its sensor's process, where that has one.  Each spike enters
    the tick that holds its stamp + the sensor's latency + ``latency_us``, under both clocks.
    """

    @property
    def units(self) -> int:
        """Number of units it can make spike."""
        ...

    @property
    def latency_us(self) -> int:
        """Most that the stamp of a spike lies before that of the reading that gave it."""
        ...

    @property
    def capacity(self) -> int:
        """Most spikes that enter in one tick; further ones are dropped and counted."""
        ...

    def transduce(self, reading: Reading) -> Spikes:
        """Return the spikes of one reading, by stamp, then unit; readings come in order."""
        ...


@runtime_checkable
class Rousing(Protocol):
    """A source whose readings come when they come, and that says so to whoever would poll it."""

    def rouse_by(self, rouse: Callable[[], None]) -> None:
        """Call ``rouse``, from any thread, each time there is something to read."""
        ...


@runtime_checkable
class Counting(Protocol):
    """A source or transducer that counts what it lost or met; a run tells of it."""

    @property
    def counts(self) -> Mapping[str, int]:
        """How often so far, by what it is in a few words: ``{"stale frames": 3}``."""
        ...


@runtime_checkable
class Decoder(Protocol):
    """A decoder in plain Python: spikes → motion, one tick later."""

    def decode(self, spikes: Spikes, tick: Tick) -> Motion | None:
        """Return the motion wanted after the spikes of ``tick``.

        None keeps the last one, until the guard lets it expire.
        """
        ...


@runtime_checkable
class Actuator(Protocol):
    """Where motion goes."""

    @property
    def body(self) -> Body:
        """The body it moves: names, units and limits of the motion's channels."""
        ...

    def write(self, motion: Motion) -> None:
        """Take over the guarded motion of one tick; never waits."""
        ...

    def stop(self) -> None:
        """Command zero at once; called at the end of every run, however it ends."""
        ...


class GuardAccess(Protocol):
    """The guard of a run, as far as a part may reach it; any thread may."""

    def give(self, order: Order, who: str) -> None:
        """Give an order; ``who`` is what a report will name."""
        ...

    def steer(self, values: Sequence[float]) -> None:
        """Want a motion of this actuator instead of the network's, for as long as commands last."""
        ...

    def state(self) -> State | None:
        """Return its state, None where there is no guard."""
        ...

    def text(self) -> str:
        """Return its state and why, in one line."""
        ...


@runtime_checkable
class UsesGuard(Protocol):
    """An actuator that hears from its robot, and passes on what concerns the guard."""

    def use_guard(self, guard: GuardAccess) -> None:
        """Take it; called once, before the first tick."""
        ...


@runtime_checkable
class Plant(Protocol):
    """A simulated world with one robot in it.

    It answers for the present of its own clock: ``advance`` moves the clock, the other calls read.
    """

    @property
    def body(self) -> Body:
        """The robot."""
        ...

    @property
    def world(self) -> World:
        """Where it stands: outlines, start and goal."""
        ...

    @property
    def t_us(self) -> int:
        """Run time of the plant."""
        ...

    def place(self, start: tuple[float, float, float], goal: Point | None) -> None:
        """Begin anew: the robot at rest at ``start`` (x, y, yaw), another goal, run time 0."""
        ...

    def advance(self, until_us: int) -> None:
        """Let the world run to ``until_us`` under the last command; steps divide the tick."""
        ...

    def command(self, values: Float32s) -> None:
        """Set the wanted value of each channel of the body (``float32[k]``)."""
        ...

    def pose(self) -> tuple[float, float, float]:
        """Return x, y in metres and yaw in radians, in the world's frame."""
        ...

    def twist(self) -> tuple[float, float]:
        """Return forward speed in m/s and turning speed in rad/s, as they really are."""
        ...

    def touching(self) -> bool:
        """Whether the body is in contact with an obstacle."""
        ...

    def scan(self, pose: tuple[float, float, float], bearing_rad: Float32s) -> Float32s:
        """Return the true distance in metres to the nearest surface along each beam.

        ``pose`` is the mounting on the body (x, y, yaw); +inf where the beam meets nothing.
        """
        ...

    def picture(self, pose: tuple[float, ...], shape: tuple[int, int], fov_rad: float) -> UInt8s:
        """Return a grey picture ``uint8[h, w]`` from a camera mounted at ``pose`` (x, y, z, yaw).

        ``fov_rad`` is the horizontal field of view of a pinhole camera with square pixels.
        """
        ...

    def snapshot(self) -> bytes:
        """Return everything `restore` needs for a bit-identical continuation."""
        ...

    def restore(self, state: bytes) -> None:
        """Go back to a snapshot taken from this plant."""
        ...


@runtime_checkable
class Stateful(Protocol):
    """A source or Python part with state of its own (position in a file, random numbers)."""

    def snapshot(self) -> bytes:
        """Return everything `restore` needs for a bit-identical continuation."""
        ...

    def restore(self, state: bytes) -> None:
        """Go back to a snapshot."""
        ...


@runtime_checkable
class Seeded(Protocol):
    """A source with random numbers of its own."""

    def seed(self, rng: np.random.Generator) -> None:
        """Draw from ``rng`` from now on."""
        ...


@runtime_checkable
class Sink(Protocol):
    """What looks on: recorder, meter, live view.  It gets copies and can change nothing."""

    def take(self, record: UInt8s, outcome: UInt8s) -> None:
        """Look at what entered a tick and what left it (`core.message` reads both)."""
        ...


@dataclass(frozen=True, eq=False)
class Kernel:
    """A part that runs inside the tick, as data: a compiled entry and the memory it works on.

    Arrays are laid into the arena as ``part.array`` and keep their dtype; the entry finds them by
    `neuroloop.engine.row`, first ``state``, then ``plastic``, then ``static``, in this order.
    """

    entry: Any
    """made by `neuroloop.core.kernel.entry`"""
    learn: Any = None
    """synapses: a second entry, which runs when every population of the tick has fired"""
    at_arrival: bool = False
    """synapses: the entry runs in the tick in which spikes arrive, before any population, and takes
    them from a list that ``learn`` kept; else it runs in the tick of the spikes"""
    ahead: int | None = None
    """synapses: how many ticks ahead they write into the target's input, where that is not their
    longest delay"""
    settle: Any = None
    """neurons: brings those that were not visited up to date; it runs before an edit or a look"""
    params: Sequence[float] = ()
    """``float32[p]``, laid as ``part.params``"""
    counts: Sequence[int] = ()
    """up to three whole numbers"""
    state: Mapping[str, ArrayLike] = field(default_factory=dict)
    """arrays that change while running"""
    dynamic: Sequence[str] = ()
    """neurons: those of ``state`` that a reset of the network puts back"""
    plastic: Mapping[str, ArrayLike] = field(default_factory=dict)
    """weights that learn"""
    static: Mapping[str, ArrayLike] = field(default_factory=dict)
    """arrays that never change"""
    units: int = 0
    """encoders: number of units"""
    capacity: int = 0
    """encoders: most spikes in a tick; 0 means one a unit"""
    bearing_rad: Float32s | None = None
    """encoders: direction each unit looks in, ``float32[units]``, where it has one"""
    note: str = ""
    """for the user: which of several ways was taken, and why"""


@dataclass(frozen=True, eq=False)
class Cell:
    """What a neuron model is built for."""

    n: int
    dt_ms: float
    rng: np.random.Generator
    events: bool = False
    """whether a tick visits only the neurons that something reached; a kind that can do this says
    ``EVENTS = True``"""
    arrays: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    """finite numbers, of any shape, that the kind is made from: those of the population's arrays
    that the kind names in ``ARRAYS``"""


@dataclass(frozen=True, eq=False)
class Bundle:
    """The synapses of one projection, for which a synapse kind is built."""

    connections: Any
    """`neuroloop.network.Connections`, or another form that the kind takes"""
    n_pre: int
    n_post: int
    delay: Int32s
    """``int32[s]`` in ticks, in the order of the connections; one number broadcast for all"""
    dt_ms: float = 1.0
    layout: str = "auto"
    """a file in ``neuroloop/engine/layouts``"""
    touches: bool = False
    """whether the target wants to know which of its neurons are reached"""
    capacity: int = 0
    """most spikes of the source in a tick; 0 means one a unit"""
    from_input: bool = False
    """whether the source is an input of the network, which spikes before any population does"""
    rng: np.random.Generator = field(default_factory=np.random.default_rng)

    @property
    def one_delay(self) -> int | None:
        """The delay, where all synapses have the same."""
        first = int(self.delay[0]) if len(self.delay) else 0
        return first if self.delay.strides == (0,) or (self.delay == first).all() else None


@dataclass(frozen=True, eq=False)
class Site:
    """Where a part is being built: all it may know of its surroundings."""

    name: str
    seed: int
    dt_us: int
    folder: Path = Path()
    """of the run file: relative paths start here"""
    plant: Plant | None = None
    body: Body | None = None
    source: SourceSpec | None = None
    """encoders and sinks: the sensor they read"""
    role: str = ""
    """what it is in the run file: ``sensor``, ``encoder`` ..."""
    port: int = -1
    """sinks: the number on the READING messages of that sensor"""
    units: int = 0
    """decoders: number of units of the population they read"""

    def rng(self) -> np.random.Generator:
        """Return this part's own random numbers: they depend on seed, role and name alone."""
        return np.random.default_rng([self.seed, *f"{self.role}.{self.name}".encode()])
