"""A network on its own, stepped by hand: the same program and compiled tick as in a robot."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroloop.config import resolve
from neuroloop.core.errors import ConfigError, nearest
from neuroloop.core.message import EVENT, EVENT_BYTES, Kind, messages, pack
from neuroloop.core.ports import Site
from neuroloop.core.values import Scalars, Spikes, UInt8s
from neuroloop.engine.arena import Arena, Assembler, Section
from neuroloop.engine.doors import settle
from neuroloop.engine.lower import Lowered, Lowering
from neuroloop.engine.op import Slot, Units, Values, slot, spiking
from neuroloop.engine.program import Plan, Program
from neuroloop.network.graph import Input, Network
from neuroloop.runtime.feed import Feed, Intake
from neuroloop.runtime.log import Log, Stride
from neuroloop.runtime.loop import Loop
from neuroloop.runtime.snapshot import restore, snapshot


_MESSAGES = 4
_LARGEST_EDIT = 1 << 24
_Form = TypeVar("_Form", Units, Values)


class Simulator:
    """A network that is stepped by hand, tick by tick.

    Parameters
    ----------
    network
        What to run.
    dt_us
        Length of a tick in microseconds.
    seed
        Where the network's chance comes from; the same seed gives the same run, to the bit.
    watch
        Inputs and populations whose spikes `step` returns.
    backend
        A file in ``neuroloop/engine/backends``.
    room
        Most spikes in a tick of an input, where it is more than one a unit.
    folder
        Where paths of kinds (``./my_neuron.py``) start.

    Examples
    --------
    >>> from neuroloop import Input, Network, Population, Projection, Simulator
    >>> from neuroloop.network import one_to_one
    >>> link = Projection("touch", "motor", one_to_one(3, weight=1.5))
    >>> network = Network((Input("touch", 3),), (Population("motor", 3),), (link,))
    >>> simulator = Simulator(network, watch=["motor"])
    >>> simulator.step({"touch": [2]})["motor"]
    array([2], dtype=uint32)
    >>> simulator.edit("motor.silent", [0, 0, 1])
    >>> simulator.step({"touch": [0, 2]})["motor"]
    array([0], dtype=uint32)
    """

    def __init__(  # noqa: PLR0913
        self,
        network: Network,
        *,
        dt_us: int = 1000,
        seed: int = 0,
        watch: Sequence[str] = (),
        backend: str = "float",
        room: Mapping[str, int] | None = None,
        folder: Path = Path(),
    ) -> None:
        if dt_us < 1 or dt_us != int(dt_us):
            raise ConfigError(f"dt_us is {dt_us}; a tick has a whole number of microseconds")
        where = f'engine "{backend}"'
        module = resolve.module("engine", backend, folder, where)
        library = module.build(module.Config(), Site("engine", seed, int(dt_us), folder))
        to = Assembler()
        room = room or {}
        self._inputs: dict[str, Units | Values] = {}
        ports: list[Units | Slot] = []
        for i in network.inputs:
            port = _port(to, i, room.get(i.name, 0))
            ports.append(port)
            self._inputs[i.name] = (
                port if isinstance(port, Units) else Values(i.name, i.n, port.data)
            )
        lowered = Lowering(to, library, int(dt_us), seed).network(network, self._inputs)
        self._watch = tuple(dict.fromkeys(watch))
        program = Program(Plan(lowered.ops, ports, _watched(network, lowered, self._watch)), to)
        self.layouts: Mapping[str, str] = lowered.notes
        """how each projection lies in memory, and why"""
        self._feeds = {
            port.name: Feed(port.name, k, _message_bytes(port), messages=_MESSAGES)
            for k, port in enumerate(ports)
        }
        editable = (f for f in program.arena.fields.values() if f.section < Section.STATIC)
        largest = min(max((f.n_bytes for f in editable), default=0), _LARGEST_EDIT)
        edits = Feed("edits", 0, 8 + largest, messages=4)
        intake = Intake([*self._feeds.values(), edits])
        self._loop = Loop(dt_us=int(dt_us), program=program, intake=intake, edits=edits)
        self._log = Log(len(self._loop.outcome))

    @property
    def arena(self) -> Arena:
        """The network's memory: ``arena["pop.v"]`` is a view; change it through `edit`."""
        self.settle()
        return self._loop.program.arena

    def settle(self) -> None:
        """Bring neurons that no tick visited up to the present, in views of the arena."""
        program = self._loop.program
        if len(program.settlers):
            settle(program.block)

    @property
    def dt_us(self) -> int:
        """Length of a tick."""
        return self._loop.dt_us

    @property
    def index(self) -> int:
        """Index of the tick that `step` runs next."""
        return self._loop.next_index

    @property
    def record(self) -> UInt8s:
        """What entered the last tick; `core.message` reads it."""
        return self._loop.intake.record

    @property
    def outcome(self) -> UInt8s:
        """What left the last tick."""
        return self._loop.outcome

    def step(self, inputs: Mapping[str, ArrayLike] | None = None) -> dict[str, NDArray[np.uint32]]:
        """Run one tick in which these units of the inputs spike; return who fired.

        Parameters
        ----------
        inputs
            Units of each input, in any order; a unit that stands twice spikes twice.

        Returns
        -------
        dict
            The units of each watched population that fired, ``uint32[k]``.
        """
        for name, given in (inputs or {}).items():
            if self._input(name, Values):
                self._send_values(name, given)
                continue
            unit = np.sort(np.atleast_1d(np.asarray(given)))
            events = np.empty(len(unit), EVENT)
            check_units(name, unit)
            events["t_us"], events["unit"], events["value"] = self.index * self.dt_us, unit, 1
            self.check(name, unit, len(unit))
            self.send(name, events)
        self.advance()
        return {
            self._watch[message.port]: message.events()["unit"].copy()
            for message in messages(self._loop.outcome)
        }

    def run(self, ticks: int) -> dict[str, Spikes]:
        """Run many ticks in compiled code; return the spikes of each watched population.

        Inputs of values keep what they have; a spike's time is the start of its tick.
        """
        strides = list(self.strides(ticks))
        spikes = {}
        for port, name in enumerate(self._watch):
            found = [m.events() for s in strides for m in s.left if m.port == port]
            events = np.concatenate(found) if found else np.empty(0, EVENT)
            spikes[name] = Spikes(events["t_us"].copy(), events["unit"].copy())
        return spikes

    def strides(self, ticks: int) -> Iterator[Stride]:
        """Run many ticks, as many at a time as the log of their spikes has room for."""
        while ticks > 0:
            done = self._log.run(self._loop, ticks)
            ticks -= done.ticks
            yield done

    def check(self, name: str, unit: NDArray[Any], in_a_tick: int) -> None:
        """Refuse units that an input does not have, and more spikes in a tick than fit."""
        units = self._input(name, Units)
        if units is None:
            raise ConfigError(f'input "{name}" takes values, not spikes')
        if len(unit) and unit.max() >= units.n:
            raise ConfigError(f'input "{name}" has no unit {unit.max()}, only 0...{units.n - 1}')
        if in_a_tick > units.capacity:
            raise ConfigError(
                f'input "{name}": {in_a_tick} spikes in a tick, it has room for {units.capacity}'
            )

    def send(self, name: str, events: NDArray[Any]) -> None:
        """Put the spikes of the next tick (`EVENT` records) where it finds them."""
        feed = self._feeds[name]
        if len(events):
            t_us = self.index * self.dt_us
            feed.ring.push(pack(Kind.SPIKES, feed.port, t_us, events.view(np.uint8)))

    def _input(self, name: str, form: type[_Form]) -> _Form | None:
        """Return an input, if it has this form."""
        if name not in self._inputs:
            raise ConfigError(f'the network has no input "{name}"{nearest(name, self._inputs)}')
        found = self._inputs[name]
        return found if isinstance(found, form) else None

    def _send_values(self, name: str, given: ArrayLike) -> None:
        """Set what an input of values carries from the next tick on."""
        value = np.asarray(given, np.float32)
        wanted = (self._inputs[name].n,)
        if value.shape != wanted:
            raise ConfigError(f'input "{name}": values of shape {value.shape}, not {wanted}')
        if not np.isfinite(value).all():
            raise ConfigError(f'input "{name}": value {np.argmin(np.isfinite(value))} is no number')
        self._feeds[name].reading(Scalars(self.index * self.dt_us, value))

    def advance(self) -> None:
        """Run one tick on what was sent; `outcome` says what came of it."""
        self._loop.step()

    def edit(self, name: str, value: object) -> None:
        """Set a field of the network (``population.array``) from the next tick on."""
        self._loop.edit(name, value)

    def snapshot(self) -> dict[str, bytes]:
        """Copy everything that a bit-identical continuation needs."""
        return snapshot(self._loop)

    def restore(self, state: dict[str, bytes]) -> None:
        """Go back to a snapshot of a simulator of the same network."""
        restore(self._loop, state)


def _port(to: Assembler, part: Input, room: int) -> Units | Slot:
    if part.signal == "values":
        return slot(to, part.name, 4 * part.n)
    return spiking(to, part.name, part.n, room)


def _message_bytes(port: Units | Slot) -> int:
    return EVENT_BYTES * port.capacity if isinstance(port, Units) else port.data.n_bytes


def _watched(network: Network, lowered: Lowered, names: Sequence[str]) -> list[Units]:
    for name in names:
        network.size(name)
        if name not in lowered.spiking:
            raise ConfigError(f'"{name}" carries values and never spikes; probe its array instead')
    return [lowered.spiking[name] for name in names]


def check_units(name: str, unit: NDArray[Any]) -> None:
    """Refuse what is no number of a unit."""
    if len(unit) and (unit.dtype.kind not in "iu" or unit.min() < 0):
        raise ConfigError(f'input "{name}": units are whole numbers from 0 on')
