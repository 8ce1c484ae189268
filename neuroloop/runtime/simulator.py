"""A network on its own, stepped by hand: the same program and compiled tick as in a robot."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroloop.config import resolve
from neuroloop.core.errors import ConfigError, nearest
from neuroloop.core.message import EVENT, EVENT_BYTES, Kind, messages, pack
from neuroloop.core.ports import Site
from neuroloop.core.values import UInt8s
from neuroloop.engine.arena import Arena, Assembler
from neuroloop.engine.lower import Lowering
from neuroloop.engine.op import spiking
from neuroloop.engine.program import Plan, Program
from neuroloop.network.graph import Network
from neuroloop.runtime.feed import Feed, Intake
from neuroloop.runtime.loop import Loop
from neuroloop.runtime.snapshot import restore, snapshot


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
        self._inputs = {
            i.name: spiking(to, i.name, i.n, room.get(i.name, 0)) for i in network.inputs
        }
        ops, units = Lowering(to, library, int(dt_us), seed).network(network, self._inputs)
        for name in watch:
            network.size(name)
        self._watch = tuple(dict.fromkeys(watch))
        ports = list(self._inputs.values())
        program = Program(Plan(ops, ports, [units[name] for name in self._watch]), to)
        self._feeds = {
            port.name: Feed(port.name, k, EVENT_BYTES * port.capacity, messages=4)
            for k, port in enumerate(ports)
        }
        largest = max((f.n_bytes for f in program.arena.fields.values()), default=0)
        edits = Feed("edits", 0, 8 + largest, messages=4)
        intake = Intake([*self._feeds.values(), edits])
        self._loop = Loop(dt_us=int(dt_us), program=program, intake=intake, edits=edits)

    @property
    def arena(self) -> Arena:
        """The network's memory: ``arena["pop.v"]`` is a view; change it through `edit`."""
        return self._loop.program.arena

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
        for name, units in (inputs or {}).items():
            unit = np.sort(np.atleast_1d(np.asarray(units)))
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

    def check(self, name: str, unit: NDArray[Any], in_a_tick: int) -> None:
        """Refuse units that an input does not have, and more spikes in a tick than fit."""
        if name not in self._inputs:
            raise ConfigError(f'the network has no input "{name}"{nearest(name, self._inputs)}')
        units = self._inputs[name]
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


def check_units(name: str, unit: NDArray[Any]) -> None:
    """Refuse what is no number of a unit."""
    if len(unit) and (unit.dtype.kind not in "iu" or unit.min() < 0):
        raise ConfigError(f'input "{name}": units are whole numbers from 0 on')
