"""The arena: one 64-byte-aligned block that holds everything a running network is.

``header | state | plastic | static``: a snapshot copies the first one, two or three sections and
is complete, because nothing that changes while running lives anywhere else.  Each named field
knows its offset, type and shape, so edits, probes and pictures find it by name.
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from neuroloop.core.errors import ConfigError, MachineError, nearest
from neuroloop.core.native import address_of, aligned
from neuroloop.core.values import UInt8s
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
        return field

    def array(self, name: str, value: ArrayLike, section: Section = Section.STATE) -> Field:
        """Reserve an array of the type and shape of its first value."""
        numbers = np.asarray(value)
        return self.field(name, numbers.dtype, numbers.shape, numbers, section)

    def reserved(self, name: str) -> Field:
        """Return a field reserved before."""
        return self._fields[name][0]

    def value(self, field: Field) -> np.ndarray[Any, Any]:
        """Return the first value of a field reserved before."""
        return np.broadcast_to(np.asarray(self._fields[field.name][1], field.dtype), field.shape)

    def build(self) -> "Arena":
        """Lay the fields out and fill them."""
        offsets: dict[str, int] = {}
        ends = []
        at = HEADER_BYTES
        for section in Section:
            for field, _ in self._fields.values():
                if field.section is section:
                    offsets[field.name] = at
                    at = (at + field.n_bytes + 63) // 64 * 64
            ends.append(at)
        try:
            memory = aligned(at)
        except MemoryError as error:
            raise MachineError(f"this network needs {at / 1e9:,.1f} GB of memory") from error
        arena = Arena(memory, {n: f for n, (f, _) in self._fields.items()}, offsets, ends)
        for name, (_, value) in self._fields.items():
            arena[name][...] = value
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

    def snapshot(self, through: Section = Section.PLASTIC) -> bytes:
        """Copy everything up to and including a section."""
        block = self.memory[: self.end(through)].copy()
        block[:HEADER_BYTES].view(np.int64)[H_SNAPSHOT] = len(block)
        return block.tobytes()

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
