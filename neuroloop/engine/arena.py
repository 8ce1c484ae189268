"""The arena: one 64-byte-aligned block that holds everything a running network is.

``header | state | plastic | static``: a snapshot copies the first one, two or three sections and
is complete, because nothing that changes while running lives anywhere else.  Each named field
knows its offset, type and shape, so edits, probes and pictures find it by name.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from sys import getrefcount
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from neuroloop.core.errors import ConfigError, MachineError, nearest
from neuroloop.core.native import address_of, aligned
from neuroloop.core.values import UInt8s
from neuroloop.engine import memory
from neuroloop.engine.row import H_LAYOUT, H_MAGIC, H_SNAPSHOT, HEADER_BYTES

MAGIC = 0x4E4C4F4F50415245
"""the bytes of "NLOOPARE" read as one number"""


class Section(IntEnum):
    """Where a field lives."""

    STATE = 0
    """changes every tick"""
    PLASTIC = 1
    """weights that learn"""
    STATIC = 2
    """never changes while running"""


@dataclass(frozen=True)
class Field:
    """One named array of the arena."""

    name: str
    section: Section
    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    @property
    def n_bytes(self) -> int:
        """Its size."""
        return math.prod(self.shape) * self.dtype.itemsize


class Assembler:
    """Collects fields with their first values, then lays them out once."""

    def __init__(self) -> None:
        self._fields: dict[str, tuple[Field, ArrayLike]] = {}
        self._tables: dict[str, Sequence[Sequence[int | Field]]] = {}
        self._n_bytes = self._checked = 0

    def field(
        self,
        name: str,
        dtype: DTypeLike,
        shape: tuple[int, ...],
        value: ArrayLike = 0,
        section: Section = Section.STATE,
    ) -> Field:
        """Reserve an array; ``value`` is broadcast into it."""
        if name in self._fields:
            raise ConfigError(f'two parts want the name "{name}"; give one of them another name')
        field = Field(name, section, np.dtype(dtype), shape)
        self._fields[name] = (field, value)
        self._n_bytes += field.n_bytes
        return field

    def array(self, name: str, value: ArrayLike, section: Section = Section.STATE) -> Field:
        """Reserve an array of the type and shape of its first value."""
        numbers = np.asarray(value)
        return self.field(name, numbers.dtype, numbers.shape, numbers, section)

    def table(self, name: str, rows: Sequence[Sequence[int | Field]]) -> Field:
        """Reserve ``int64[rows, words]``, static; a field in it stands for its offset."""
        words = len(rows[0]) if rows else 0
        self._tables[name] = rows
        return self.field(name, np.int64, (len(rows), words), section=Section.STATIC)

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def reserved(self, name: str) -> Field:
        """Return a field reserved before."""
        return self._fields[name][0]

    def value(self, field: Field) -> np.ndarray[Any, Any]:
        """Return the first value of a field reserved before."""
        return np.broadcast_to(np.asarray(self._fields[field.name][1], field.dtype), field.shape)

    def check_room(self) -> None:
        """Refuse more fields than fit into the memory that is free.

        A first value that nobody else holds is let go of when its field has been filled, so its
        memory counts as free, but for that of the largest.
        """
        if self._n_bytes - self._checked < memory.SMALL:
            return
        self._checked = self._n_bytes
        sizes, freed, largest = {}, 0, 0
        for name, (field, value) in self._fields.items():
            sizes[name] = field.n_bytes
            # held by the tuple, by this loop and by the call
            if isinstance(value, np.ndarray) and value.base is None and getrefcount(value) <= 3:
                freed += field.n_bytes
                largest = max(largest, field.n_bytes)
        memory.check(sizes, freed - largest)

    def build(self) -> "Arena":
        """Lay the fields out and fill them; their first values are let go of on the way.

        Raises
        ------
        MachineError
            Where they do not fit into the memory that is free.
        """
        self.check_room()
        fields = {name: field for name, (field, _) in self._fields.items()}
        offsets: dict[str, int] = {}
        ends = []
        at = HEADER_BYTES
        for section in Section:
            for field in fields.values():
                if field.section is section:
                    offsets[field.name] = at
                    at = (at + field.n_bytes + 63) // 64 * 64
            ends.append(at)
        try:
            block = aligned(at)
        except MemoryError as error:
            raise MachineError(f"this network needs {at / 1e9:,.1f} GB of memory") from error
        arena = Arena(block, fields, offsets, ends)
        for name, field in fields.items():
            value = self._fields[name][1]
            if np.ndim(value) or value:  # memory that nobody wrote to is 0
                arena[name][...] = value
            self._fields[name] = (field, 0)
        for name, rows in self._tables.items():
            numbers = [[offsets[w.name] if isinstance(w, Field) else w for w in r] for r in rows]
            arena[name][...] = np.array(numbers, np.int64).reshape(fields[name].shape)
        return arena


class Arena:
    """The laid-out block."""

    def __init__(
        self,
        memory: UInt8s,
        fields: Mapping[str, Field],
        offsets: Mapping[str, int],
        ends: list[int],
    ) -> None:
        self.memory = memory
        self.fields = fields
        self.offsets = offsets
        self._ends = ends
        self.header = memory[:HEADER_BYTES].view(np.int64)
        self.header[H_MAGIC] = MAGIC
        self.header[H_LAYOUT] = self._layout_hash()

    def _layout_hash(self) -> int:
        digest = hashlib.blake2b(digest_size=7)
        for name, field in self.fields.items():
            place = (name, self.offsets[name], field.dtype.str, field.shape)
            digest.update(repr(place).encode())
        return int.from_bytes(digest.digest())

    @property
    def address(self) -> int:
        """Of the first byte; it keeps nothing alive."""
        return address_of(self.memory)

    def end(self, section: Section) -> int:
        """Return the offset just past a section."""
        return self._ends[section]

    def __getitem__(self, name: str) -> np.ndarray[Any, Any]:
        """Return a field as a view: what is written to it is in the arena."""
        if name not in self.fields:
            raise ConfigError(f'the network has no field "{name}"{nearest(name, self.fields)}')
        field, at = self.fields[name], self.offsets[name]
        return self.memory[at : at + field.n_bytes].view(field.dtype).reshape(field.shape)

    def patch(self, name: str, value: object) -> tuple[int, bytes]:
        """Return the offset of a field and the bytes that set it to ``value``, broadcast to it."""
        field = self[name].copy()
        try:
            field[...] = value
        except (ValueError, TypeError) as error:
            where = f"{name}, {field.dtype}{list(field.shape)}"
            raise ConfigError(f"edit of {where}: {error}") from error
        return self.offsets[name], field.tobytes()

    def blocks(self, through: Section = Section.PLASTIC) -> tuple[bytes, memoryview]:
        """Return the two parts of a snapshot: a header, and a view of all that follows it."""
        end = self.end(through)
        header = self.header.copy()
        header[H_SNAPSHOT] = end
        return header.tobytes(), self.memory[HEADER_BYTES:end].data

    def snapshot(self, through: Section = Section.PLASTIC) -> bytes:
        """Copy everything up to and including a section."""
        return b"".join(self.blocks(through))

    def restore(self, state: bytes) -> None:
        """Go back to a snapshot of an arena with the same layout, bit for bit.

        Raises
        ------
        ConfigError
            Where it is no snapshot, one of another network, or not all of one.
        """
        block = np.frombuffer(state, np.uint8)
        head = np.frombuffer(state[:HEADER_BYTES].ljust(HEADER_BYTES, b"\0"), np.int64)
        if head[H_MAGIC] != MAGIC:
            raise ConfigError("this is not a snapshot of a network")
        if head[H_LAYOUT] != self.header[H_LAYOUT]:
            raise ConfigError("the snapshot belongs to a network with another layout")
        if len(block) != head[H_SNAPSHOT] or len(block) not in self._ends:
            raise ConfigError(
                f"the snapshot is damaged: {len(block)} bytes, {head[H_SNAPSHOT]} were written"
            )
        self.memory[: len(block)] = block
        self.header[H_SNAPSHOT] = 0
