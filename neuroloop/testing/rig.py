"""A few compiled parts in an arena with guard zones, run tick by tick by the loop's own tick.

`testing.kernels` builds its checks on it; a test of one kernel alone may use it directly.
"""

from collections.abc import Callable, Mapping

import numpy as np

from neuroloop.core.message import (
    EVENT,
    EVENT_BYTES,
    Kind,
    messages,
    pack,
)
from neuroloop.core.native import address_of
from neuroloop.core.values import Motion, Reading, Spikes, UInt8s
from neuroloop.engine.arena import Assembler, Section
from neuroloop.engine.op import Units
from neuroloop.engine.program import Plan, Program
from neuroloop.engine.row import HEADER_BYTES
from neuroloop.runtime.feed import Feed, Intake
from neuroloop.runtime.tick import tick
from neuroloop.testing.promise import promise

_MARK = 0xA5
_ZONE_BYTES = 1024


class Rig:
    """A program of the parts that ``lay`` places.

    Parameters
    ----------
    lay
        Reserves fields and places rows; what it returns is run.
    dt_us
        Length of a tick.
    """

    def __init__(self, lay: Callable[[Assembler], Plan], dt_us: int = 1000) -> None:
        self.dt_us, self.index = dt_us, 0
        to = Assembler()
        _zones(to, "before")
        self._plan = lay(to)
        _zones(to, "after")
        self.program = Program(self._plan, to)
        self.arena = self.program.arena
        self._feeds = {
            port.name: Feed(
                port.name,
                k,
                EVENT_BYTES * port.capacity if isinstance(port, Units) else port.data.n_bytes,
            )
            for k, port in enumerate(self._plan.ports)
        }
        self._intake = Intake(list(self._feeds.values()))
        self.outcome: UInt8s = self.program.outcome_buffer()
        self._gaps = self._mark_gaps()
        self._static = self.arena.memory[self.arena.end(Section.PLASTIC) :].copy()

    @property
    def t_us(self) -> int:
        """Start of the next tick."""
        return self.index * self.dt_us

    def send(self, port: str, value: Reading | Motion) -> None:
        """Send a reading, or spikes of a port, into the next tick."""
        feed = self._feeds[port]
        if not isinstance(value, Spikes):
            feed.reading(value)
            return
        events = np.empty(len(value.unit), EVENT)
        events["t_us"], events["unit"], events["value"] = self.t_us, value.unit, 1
        feed.ring.push(pack(Kind.SPIKES, feed.port, self.t_us, events.view(np.uint8)))

    def tick(self) -> None:
        """Run one tick and look at the memory."""
        tick(
            self.program.address,
            self._intake.table_address,
            len(self._feeds),
            address_of(self._intake.record),
            address_of(self.outcome),
            self.index,
            self.t_us,
            self.dt_us,
        )
        self.index += 1
        self._check_memory()

    def spikes(self, name: str) -> UInt8s:
        """Return the units of an outlet that fired in the last tick."""
        return self._left()[name].view(EVENT)["unit"].copy()

    def motion(self, name: str) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        """Return what left an outlet in the last tick, ``float32[k]``."""
        return self._left()[name].view(np.float32).copy()

    def stamp(self, name: str) -> int:
        """Return the stamp of what left an outlet in the last tick."""
        return next(m.t_us for m in messages(self.outcome) if self._name(m.port) == name)

    def snapshot(self) -> tuple[bytes, int]:
        """Return the state of arena and clock."""
        return self.arena.snapshot(), self.index

    def restore(self, state: tuple[bytes, int]) -> None:
        """Go back to a snapshot."""
        self.arena.restore(state[0])
        self.index = state[1]

    def _name(self, port: int) -> str:
        return self._plan.outlets[port].name

    def _left(self) -> Mapping[str, UInt8s]:
        return {self._name(m.port): m.payload for m in messages(self.outcome)}

    def _mark_gaps(self) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
        """Fill what belongs to no field, so that a stray write shows."""
        gaps = np.ones(len(self.arena.memory), np.bool_)
        gaps[:HEADER_BYTES] = False
        for name, field in self.arena.fields.items():
            at = self.arena.offsets[name]
            # masks of neurons are read in whole words
            size = (
                -(-field.n_bytes // 64) * 64
                if name.endswith((".fires", ".silent"))
                else field.n_bytes
            )
            gaps[at : at + size] = False
        self.arena.memory[gaps] = _MARK
        return gaps

    def _check_memory(self) -> None:
        memory = self.arena.memory
        promise((memory[self._gaps] == _MARK).all(), "a kernel stays within its own arrays")
        for section in Section:
            for side in ("before", "after"):
                zone = self.arena[f"zone.{side}.{section.name}"]
                promise((zone == _MARK).all(), "a kernel stays within its own arrays")
        static = memory[self.arena.end(Section.PLASTIC) :]
        promise((static == self._static).all(), "a kernel never changes its static arrays")


def _zones(to: Assembler, side: str) -> None:
    for section in Section:
        to.field(f"zone.{side}.{section.name}", np.uint8, (_ZONE_BYTES,), _MARK, section)
