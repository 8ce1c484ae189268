"""A program: an arena, a table of compiled entries, and the tables of what goes in and out.

The tick is compiled once for all networks; what differs is this memory.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from neuroloop.core.kernel import Entry
from neuroloop.core.message import EVENT_BYTES, MESSAGE_BYTES, RECORD_BYTES, T_US, Kind, padded
from neuroloop.core.native import address_of
from neuroloop.core.values import Int64s, UInt8s
from neuroloop.engine import row
from neuroloop.engine.arena import Arena, Assembler, Field
from neuroloop.engine.lower import Lowered
from neuroloop.engine.op import Op, Slot, Units, Word

(
    P_ARENA,
    P_ROWS,
    P_N_ROWS,
    P_PORTS,
    P_N_PORTS,
    P_OUTLETS,
    P_N_OUTLETS,
    P_BYTES,
    P_SETTLERS,
    P_N_SETTLERS,
) = range(10)
PROGRAM_WORDS = 10
D_KIND, D_DATA, D_CAPACITY, D_META, D_UNITS, D_PAYLOAD = range(6)
DOOR_WORDS = 6
"""of what comes in or goes out: kind, offset, capacity, meta offset and units (of spikes), and
where what graded spikes carry is, 0 for plain ones"""


@dataclass(frozen=True)
class Plan:
    """What a program is built from."""

    ops: Sequence[Op]
    ports: Sequence[Slot | Units]
    """what messages can reach, by their number"""
    outlets: Sequence[Slot | Units] = field(default_factory=tuple)
    """what is copied out after every tick, by its number"""
    network: Lowered | None = None
    """the network among the rows"""


class Program:
    """Keeps the memory alive that the tick works on."""

    def __init__(self, plan: Plan, to: Assembler) -> None:
        self.plan = plan
        self.arena: Arena = to.build()
        self.rows = self._table([(op.kernel.entry, op) for op in plan.ops])
        lazy = [op for op in plan.ops if op.kernel.settle is not None]
        self.settlers = self._table([(op.kernel.settle, op) for op in lazy])
        self.ports = self._doors(plan.ports, Kind.READING)
        self.outlets = self._doors(plan.outlets, Kind.MOTION)
        self.block: Int64s = np.array(
            [
                self.arena.address,
                address_of(self.rows),
                len(self.rows),
                address_of(self.ports),
                len(plan.ports),
                address_of(self.outlets),
                len(plan.outlets),
                len(self.arena.memory),
                address_of(self.settlers),
                len(self.settlers),
            ],
            np.int64,
        )

    @property
    def address(self) -> int:
        """What the tick is given; it keeps nothing alive."""
        return address_of(self.block)

    def outcome_buffer(self) -> UInt8s:
        """Return room for all that can leave one tick."""
        sizes = [
            EVENT_BYTES * p.capacity if isinstance(p, Units) else padded(p.data.n_bytes)
            for p in self.plan.outlets
        ]
        n_bytes = RECORD_BYTES + sum(MESSAGE_BYTES + s for s in sizes)
        return np.zeros(n_bytes // 8, np.int64).view(np.uint8)

    def motions(self) -> tuple[list[tuple[slice, slice]], int]:
        """Return where stamp and values of each motion stand in an outcome, and where they end.

        Motion leaves a tick before anything else does, so its place is the same in every tick.
        """
        places, at = [], RECORD_BYTES
        for port in self.plan.outlets:
            if isinstance(port, Units):
                break
            stamp, values = at + 8 * T_US, at + MESSAGE_BYTES
            places.append((slice(stamp, stamp + 8), slice(values, values + port.data.n_bytes)))
            at = values + padded(port.data.n_bytes)
        return places, at

    def _table(self, ops: Sequence[tuple[Any, Op]]) -> Int64s:
        table = np.zeros((len(ops), row.WIDTH), np.int64)
        for words, (entry, op) in zip(table, ops, strict=True):
            words[row.ENTRY] = entry.address
            for word, value in op.words.items():
                words[word] = self._number(value)
        return table

    def _number(self, value: Word) -> int:
        if isinstance(value, Field):
            return self.arena.offsets[value.name]
        if isinstance(value, Entry):
            return value.address
        if isinstance(value, tuple):
            return self.arena.offsets[value[0].name] + value[1]
        return value

    def _doors(self, ports: Sequence[Slot | Units], slot_kind: Kind) -> Int64s:
        table = np.zeros((len(ports), DOOR_WORDS), np.int64)
        for door, port in zip(table, ports, strict=True):
            if isinstance(port, Units):
                payload = 0 if port.payload is None else self._number(port.payload)
                spikes = self._number(port.spikes)
                door[:] = (Kind.SPIKES, spikes, port.capacity, 0, port.n, payload)
            else:
                meta = self._number(port.meta)
                door[:] = (slot_kind, self._number(port.data), port.data.n_bytes, meta, 0, 0)
        return table
