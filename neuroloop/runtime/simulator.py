"""A network on its own, stepped by hand: the same program and compiled tick as in a robot."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroloop.config import resolve
from neuroloop.core.errors import ConfigError, nearest
from neuroloop.core.message import EVENT_BYTES, R_BROKEN, RECORD_BYTES, Kind, pack
from neuroloop.core.ports import Site
from neuroloop.core.values import Spikes, UInt8s
from neuroloop.engine.arena import Arena, Assembler
from neuroloop.engine.doors import settle
from neuroloop.engine.finite import NotANumber
from neuroloop.engine.lower import Lowered, Lowering
from neuroloop.engine.op import Slot, Units, Values, slot, spiking
from neuroloop.engine.program import Plan, Program
from neuroloop.engine.row import H_EDITS
from neuroloop.network.graph import Input, Network, Number
from neuroloop.runtime import broken, saved
from neuroloop.runtime.edits import edit, edit_parameters
from neuroloop.runtime.feed import Feed, Intake
from neuroloop.runtime.hand import Hand
from neuroloop.runtime.handed import take_units
from neuroloop.runtime.log import Log, Stride, by_outlet
from neuroloop.runtime.loop import Loop
from neuroloop.runtime.snapshot import restore, snapshot

_MESSAGES = 4
_LARGEST_EDIT, _EDIT_BYTES = 1 << 24, 1 << 16
"""bytes of one edit at most, and of all that may wait at least"""


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
        A file in ``neuroloop/backends``.
    room
        Most spikes in a tick of an input, where it is more than one a unit.
    folder
        Where paths of kinds (``./my_neuron.py``) start.
    not_a_number
        What happens where a neuron's state is no longer a finite number: ``"stop"`` raises an
        error that names it, ``"clamp"`` puts the value back to its first one and counts it in
        `clamped`, ``"off"`` does not look.

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
        not_a_number: NotANumber = "stop",
    ) -> None:
        if not_a_number not in get_args(NotANumber):
            known = nearest(not_a_number, get_args(NotANumber))
            raise ConfigError(f'not_a_number is "{not_a_number}"{known}')
        if dt_us < 1 or dt_us != int(dt_us):
            raise ConfigError(f"dt_us is {dt_us}; a tick has a whole number of microseconds")
        where = f'engine "{backend}"'
        module = resolve.module("engine", backend, folder, where)
        library = module.build(module.Config(), Site("engine", seed, int(dt_us), folder))
        to = Assembler()
        room = room or {}
        ports = [_port(to, i, room.get(i.name, 0)) for i in network.inputs]
        inputs = {
            i.name: port if isinstance(port, Units) else Values(i.name, i.n, port.data)
            for i, port in zip(network.inputs, ports, strict=True)
        }
        adapted = library.adapt(network, int(dt_us))
        lowering = Lowering(
            *(to, library, int(dt_us), seed), not_a_number=not_a_number, late=adapted.late
        )
        lowered = lowering.network(adapted.network, inputs)
        self._watch = tuple(dict.fromkeys(watch))
        outlets = _watched(network, lowered, self._watch)
        program = Program(Plan(lowered.ops, ports, outlets, lowered), to)
        self.layouts: Mapping[str, str] = lowered.notes
        """how each projection lies in memory, and why"""
        self.updates: Mapping[str, str] = lowered.visits
        """which neurons of a population a tick visits, where there was a choice, and why"""
        self.late: Mapping[str, int] = adapted.late or {}
        """ticks by which each population lags behind the network, on a backend that delays it"""
        self.notes: Sequence[str] = adapted.notes
        """what is different on the backend"""
        self._feeds = {
            port.name: Feed(port.name, k, _message_bytes(port), messages=_MESSAGES)
            for k, port in enumerate(ports)
        }
        self._hands = {p.name: Hand(p, self._feeds[p.name]) for p in ports}
        most = max((lowered.spiking[name].capacity for name in self._watch), default=0)
        self._fired = np.zeros(most, np.uint32)
        largest = max((f.n_bytes for f in program.arena.fields.values()), default=0)
        largest = 8 + min(largest, _LARGEST_EDIT)
        edits = Feed("edits", -1, largest, messages=max(_MESSAGES, _EDIT_BYTES // largest))
        intake = Intake([*self._feeds.values(), edits])
        self._loop = Loop(dt_us=int(dt_us), program=program, intake=intake, edits=edits)
        self._head = self._loop.outcome[:RECORD_BYTES].view(np.int64)
        self._log = Log(len(self._loop.outcome))

    @property
    def arena(self) -> Arena:
        """The network's memory: ``arena["pop.v"]`` is a view; change it through `edit`."""
        program = self._loop.program
        if len(program.settlers):
            self.settle()
            program.arena.header[H_EDITS] += 1  # whoever has it may write to it
        return program.arena

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
            Units of each input that spike, in any order; a unit that stands twice spikes twice.
            Of an input of values, ``float32[n]``, which holds until it is given anew.

        Returns
        -------
        dict
            The units of each watched population that fired, ``uint32[k]``.
        """
        loop, hands, room = self._loop, self._hands, self._fired
        if inputs:
            t_us = loop.next_index * loop.dt_us
            for name, given in inputs.items():
                (hands[name] if name in hands else self.hand(name)).give(given, t_us)
        self.advance()
        outcome = loop.outcome
        fired = {}
        for port, name in enumerate(self._watch):
            k = take_units(outcome, port, room)
            fired[name] = room[:k].copy()
        return fired

    def run(self, ticks: int) -> dict[str, Spikes]:
        """Run many ticks in compiled code; return the spikes of each watched population.

        Inputs of values keep what they have; a spike's time is the start of its tick.
        """
        if ticks < 0 or ticks != int(ticks):
            raise ConfigError(f"a run of {ticks} ticks; a whole number from 0 on is wanted")
        spikes = by_outlet(list(self.strides(int(ticks))), len(self._watch))
        return dict(zip(self._watch, spikes, strict=True))

    def strides(self, ticks: int) -> Iterator[Stride]:
        """Run many ticks, as many at a time as the log of their spikes has room for."""
        while ticks > 0:
            done = self._log.run(self._loop, ticks)
            ticks -= done.ticks
            yield done
            broken.check(self._loop.program, self.outcome)

    def hand(self, name: str) -> Hand:
        """Return one of the network's inputs."""
        if name not in self._hands:
            raise ConfigError(f'the network has no input "{name}"{nearest(name, self._hands)}')
        return self._hands[name]

    def send(self, name: str, events: NDArray[Any]) -> None:
        """Put the spikes of the next tick (`EVENT` records) where it finds them."""
        feed = self._feeds[name]
        if len(events):
            t_us = self.index * self.dt_us
            feed.ring.push(pack(Kind.SPIKES, feed.port, t_us, events.view(np.uint8)))

    def advance(self) -> None:
        """Run one tick on what was sent; `outcome` says what came of it."""
        self._loop.step()
        if self._head[R_BROKEN]:
            broken.check(self._loop.program, self.outcome)

    def edit(self, name: str, value: object) -> None:
        """Set a field of the network (``population.array``) from the next tick on."""
        edit(self._loop, name, value)

    def edit_parameters(self, population: str, **given: Number) -> None:
        """Give parameters of a population other values from the next tick on.

        What its kind makes of them is worked out anew and edited; what is dynamic, such as the
        potentials, stays as it is.

        Raises
        ------
        ConfigError
            Where there is no such population or parameter, or a value is out of its bounds.

        Examples
        --------
        >>> from neuroloop import Network, Population, Simulator
        >>> simulator = Simulator(Network(populations=(Population("cells", 3),)))
        >>> simulator.edit_parameters("cells", tau_m_ms=10.0, bias=1.5)
        """
        edit_parameters(self._loop, population, given)

    @property
    def clamped(self) -> dict[str, int]:
        """How many values of each population were put back because they were no numbers."""
        return broken.clamped(self._loop.program)

    def save(self, path: Path | str) -> None:
        """Write everything that a bit-identical continuation needs to one file.

        Weights that never change are not in it; `neuroloop.describe` says what is.

        Raises
        ------
        MachineError
            Where the file cannot be written; one that was there is still whole.
        """
        saved.save(self._loop, path)

    def load_state(self, path: Path | str) -> None:
        """Go on from what `save` wrote, in a simulator of the same network.

        Raises
        ------
        ConfigError
            Where the file is damaged, something else, or of another network; nothing has changed
            then.
        """
        saved.load_state(self._loop, path)

    def snapshot(self) -> dict[str, bytes]:
        """Copy everything that a bit-identical continuation needs."""
        return snapshot(self._loop)

    def restore(self, state: dict[str, bytes]) -> None:
        """Go back to a snapshot of a simulator of the same network."""
        restore(self._loop, state)


def _port(to: Assembler, part: Input, room: int) -> Units | Slot:
    if part.values:
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
