"""A network that a live tick may run, and the way from one to another between two ticks."""

from dataclasses import dataclass, field

import numpy as np

from neuroloop.core.native import address_of
from neuroloop.core.values import Int64s, UInt8s
from neuroloop.engine.arena import Arena, Section
from neuroloop.engine.program import Program
from neuroloop.engine.row import H_INDEX, H_STEP
from neuroloop.runtime.live.control import (
    S_CHEAPER,
    S_NUMBER,
    S_OUTCOME,
    S_PROGRAM,
    S_SCRATCH,
    STAGE_WORDS,
    SWAP_WORDS,
    W_PIECES,
    W_STAGE,
)


class Stage:
    """One program with the room that a tick of it needs."""

    def __init__(self, program: Program, number: int, record_bytes: int) -> None:
        self.program = program
        self.number = number
        self.outcome: UInt8s = program.outcome_buffer()
        self._scratch = np.zeros(1 + (record_bytes + len(self.outcome)) // 8, np.int64)
        self.block: Int64s = np.zeros(STAGE_WORDS, np.int64)
        self.block[S_PROGRAM], self.block[S_OUTCOME] = program.address, address_of(self.outcome)
        self.block[S_SCRATCH], self.block[S_NUMBER] = address_of(self._scratch), number
        self._cheaper: Swap | None = None

    @property
    def address(self) -> int:
        """What the tick is given; it keeps nothing alive."""
        return address_of(self.block)

    def message_bytes(self, record_bytes: int) -> int:
        """Return the most that one tick tells its onlookers."""
        return 8 + record_bytes + len(self.outcome)

    def degrade_to(self, swap: "Swap") -> None:
        """Let the tick take a swap by itself where it is too slow."""
        self._cheaper = swap
        self.block[S_CHEAPER] = swap.address


@dataclass
class Swap:
    """Another stage, and what is carried over to it."""

    stage: Stage
    words: Int64s
    n_bytes: int
    """carried over between two ticks"""
    left: list[str] = field(default_factory=list)
    """populations and projections without a counterpart, which begin anew"""

    @property
    def address(self) -> int:
        """Of the request."""
        return address_of(self.words)


def swap(now: Program, stage: Stage) -> Swap:
    """Work out what the program of ``stage`` takes over from the one that runs.

    All that is not the network goes along: readings, guard, decoders.  Of the network each array
    goes along that both have under one name, in one shape, in a population or projection of the
    same kind; parameters do not.
    """
    there, here = now.arena, stage.program.arena
    old, new = now.plan.network, stage.program.plan.network
    kinds = (
        {n for n, kind in new.kinds.items() if old and old.kinds.get(n) == kind} if new else set()
    )
    parts = set(new.kinds) if new else set()
    pieces: list[tuple[int, int, int]] = []
    changing: set[str] = set()
    carried: set[str] = set()
    for name, entry in here.fields.items():
        owner, _, array = name.rpartition(".")
        if entry.section is Section.STATIC or array == "params":
            continue
        changing.add(owner)
        if owner in parts and owner not in kinds:
            continue
        other = there.fields.get(name)
        if other is not None and (other.dtype, other.shape) == (entry.dtype, entry.shape):
            pieces.append(_piece(there, here, name, entry.n_bytes))
            carried.add(owner)
    # rings of delays are read by the number of ticks that were run
    pieces += [(there.address + 8 * w, here.address + 8 * w, 8) for w in (H_INDEX, H_STEP)]
    words = np.zeros(SWAP_WORDS + 3 * len(pieces), np.int64)
    words[W_STAGE], words[W_PIECES] = stage.address, len(pieces)
    words[SWAP_WORDS:] = np.array(pieces, np.int64).ravel()
    left = sorted(parts & changing - carried)
    return Swap(stage, words, int(sum(p[2] for p in pieces)), left)


def _piece(there: Arena, here: Arena, name: str, n_bytes: int) -> tuple[int, int, int]:
    return there.address + there.offsets[name], here.address + here.offsets[name], n_bytes


def motion_offsets(program: Program) -> list[int]:
    """Return where the values of each motion stand in an outcome."""
    return [values.start for _, values in program.motions()[0]]
