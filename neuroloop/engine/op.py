"""Rows of the program's table before the arena is laid out."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from neuroloop.core.errors import ConfigError
from neuroloop.core.kernel import Entry
from neuroloop.core.ports import Kernel
from neuroloop.engine import row
from neuroloop.engine.arena import Assembler, Field, Section

_VIEWS = ("uint8", "uint16", "int32", "uint32", "int64", "uint64", "float32")
"""element types that compiled code has a view for, in `neuroloop.core.native`"""

Word = int | Field | tuple[Field, int] | Entry
"""a number, a field whose offset is known later, a field and bytes past its start, or compiled code
whose address is"""


@dataclass(frozen=True)
class Op:
    """One row: a kernel and the words it gets beside its own."""

    name: str
    kernel: Kernel
    words: Mapping[int, Word]


@dataclass(frozen=True)
class Units:
    """Anything that spikes: an input or a population; ``spikes`` is ``int32[1 + capacity]``."""

    name: str
    n: int
    spikes: Field
    payload: Field | None = None
    """``int32[n]``: what a spike of each unit carries, where spikes are graded"""

    @property
    def capacity(self) -> int:
        """Most spikes in a tick."""
        return self.spikes.shape[0] - 1


@dataclass(frozen=True)
class Slot:
    """Where a reading or a motion waits: its numbers, and its stamp, count and size."""

    name: str
    data: Field
    meta: Field


@dataclass(frozen=True)
class Values:
    """Anything that carries numbers: an input or a population; ``data`` is ``float32[n]``."""

    name: str
    n: int
    data: Field


def spiking(to: Assembler, name: str, n: int, capacity: int = 0) -> Units:
    """Reserve the list of an input's or population's spikes."""
    return Units(name, n, to.field(f"{name}.spikes", np.int32, (max(n, capacity) + 1,)))


def slot(to: Assembler, name: str, n_bytes: int) -> Slot:
    """Reserve a slot of ``n_bytes`` bytes."""
    data = to.field(f"{name}.data", np.uint8, (n_bytes,))
    return Slot(name, data, to.field(f"{name}.meta", np.int64, (row.META_WORDS,)))


def place(to: Assembler, name: str, kernel: Kernel, words: Mapping[int, Word]) -> Op:
    """Reserve a kernel's arrays under ``name`` and complete its row."""
    own: dict[int, Word] = {}
    at = row.STATE
    for section, arrays in (
        (Section.STATE, kernel.state),
        (Section.PLASTIC, kernel.plastic),
        (Section.STATIC, kernel.static),
    ):
        for array, value in arrays.items():
            field = to.array(f"{name}.{array}", value, section)
            if field.dtype.name not in _VIEWS:
                raise ConfigError(
                    f"{field.name}: its kind makes it of {field.dtype}, and compiled code sees "
                    f"only {', '.join(_VIEWS)}"
                )
            own[at] = field
            at += 1
    if at > row.WIDTH or len(kernel.counts) > row.SPIKING - row.COUNT - 1:
        raise ConfigError(f"{name}: more arrays or counts than a row of the table holds")
    own |= dict(enumerate(kernel.counts, row.COUNT + 1))
    numbers = np.asarray(kernel.params, np.float32)
    own |= {row.PARAMS: to.array(f"{name}.params", numbers), row.N_PARAMS: len(numbers)}
    return Op(name, _without_values(kernel), {**own, **words})


def _without_values(kernel: Kernel) -> Kernel:
    """Return a kernel with the names of its arrays alone: their values would be in memory twice."""
    state, plastic, static = (
        dict.fromkeys(arrays, 0) for arrays in (kernel.state, kernel.plastic, kernel.static)
    )
    return replace(kernel, state=state, plastic=plastic, static=static)
