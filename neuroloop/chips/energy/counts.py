"""What a running network counted so far: updates, spikes and synaptic operations of its parts.

The numbers are read in the network's memory from outside, while it runs or when it has ended.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from neuroloop.chips.plain import HOSTED
from neuroloop.engine.arena import Arena
from neuroloop.engine.counted import (
    ACTIVE,
    EVENTS,
    NEURON_WORDS,
    OVERFLOWS,
    SATURATED,
    SENT,
    SYNAPSE_WORDS,
    SYNOPS,
)
from neuroloop.engine.program import Program
from neuroloop.engine.row import H_STEP


@dataclass(frozen=True)
class Updates:
    """What a population did."""

    updates: int = 0
    """one of each neuron a tick"""
    active: int = 0
    """those in which an input or the state was not 0"""
    overflows: int = 0
    """numbers that wrapped around"""
    saturated: int = 0
    """numbers that were cut to their range"""
    sent: int = 0
    """spikes; several of one neuron in a tick count one by one"""

    def __add__(self, other: "Updates") -> "Updates":
        return Updates(*(a + b for a, b in zip(_words(self), _words(other), strict=True)))

    def __sub__(self, other: "Updates") -> "Updates":
        return Updates(*(a - b for a, b in zip(_words(self), _words(other), strict=True)))


@dataclass(frozen=True)
class Deliveries:
    """What a projection did."""

    synops: int = 0
    """weights that were added"""
    taken: int = 0
    """spikes of its source"""

    def __add__(self, other: "Deliveries") -> "Deliveries":
        return Deliveries(self.synops + other.synops, self.taken + other.taken)

    def __sub__(self, other: "Deliveries") -> "Deliveries":
        return Deliveries(self.synops - other.synops, self.taken - other.taken)


@dataclass(frozen=True)
class Counts:
    """What all parts did, by name; projections are named as in `Lowered`, ``source-target.k``."""

    ticks: int = 0
    populations: Mapping[str, Updates] = field(default_factory=dict)
    projections: Mapping[str, Deliveries] = field(default_factory=dict)
    uncounted: frozenset[str] = frozenset()
    """parts of kinds that count nothing, but for those that the host computes"""

    def __add__(self, other: "Counts") -> "Counts":
        populations = {
            name: self.populations.get(name, Updates()) + other.populations.get(name, Updates())
            for name in {**self.populations, **other.populations}
        }
        projections = {
            name: self.projections.get(name, Deliveries())
            + other.projections.get(name, Deliveries())
            for name in {**self.projections, **other.projections}
        }
        uncounted = self.uncounted | other.uncounted
        return Counts(self.ticks + other.ticks, populations, projections, uncounted)

    def since(self, before: "Counts") -> "Counts":
        """Return what came after ``before``, which was read of the same program."""
        return Counts(
            self.ticks - before.ticks,
            {n: u - before.populations.get(n, Updates()) for n, u in self.populations.items()},
            {n: d - before.projections.get(n, Deliveries()) for n, d in self.projections.items()},
            self.uncounted,
        )


def read(program: Program) -> Counts:
    """Return what the network of a program counted since its memory was laid out."""
    network = program.plan.network
    if network is None:
        return Counts()
    sizes = {name: network.ends[name].n for name in network.kinds if name in network.ends}
    return of_arena(program.arena, network.kinds, sizes)


def of_arena(arena: Arena, kinds: Mapping[str, str], sizes: Mapping[str, int]) -> Counts:
    """Return what the parts of a network counted in its memory.

    Parameters
    ----------
    arena
        The memory.
    kinds
        Of each population and projection, by the name of its fields, as in `Lowered`.
    sizes
        Number of neurons of each population, by name.
    """
    ticks = int(arena.header[H_STEP])
    populations: dict[str, Updates] = {}
    projections: dict[str, Deliveries] = {}
    uncounted = set()
    for name, kind in kinds.items():
        n = sizes.get(name)
        words = _counted(arena, name, SYNAPSE_WORDS if n is None else NEURON_WORDS)
        if not words:
            if kind not in HOSTED:
                uncounted.add(name)
        elif n is None:
            projections[name] = Deliveries(words[SYNOPS], words[EVENTS])
        else:
            rest = (words[ACTIVE], words[OVERFLOWS], words[SATURATED], words[SENT])
            populations[name] = Updates(n * ticks, *rest)
    return Counts(ticks, populations, projections, frozenset(uncounted))


def everything(neurons: int, ticks: int, synops: int) -> Counts:
    """Return the counts of a network of which only the sums are known, every update being active.

    It sends no messages: one processor computes all of it.
    """
    updates = neurons * ticks
    return Counts(ticks, {"all": Updates(updates, updates)}, {"all": Deliveries(synops)})


def taken_over(old: Program, new: Program) -> Counts:
    """Return what the network of ``new`` had counted when it took over from that of ``old``.

    Parts that both have under one name, and of the same kind, go on counting; others began at 0.
    """
    before, fresh = read(old), read(new)
    there, here = old.plan.network, new.plan.network
    if there is None or here is None:
        return Counts(before.ticks)
    kept = {name for name, kind in here.kinds.items() if there.kinds.get(name) == kind}
    populations = {}
    for name in fresh.populations:
        own = before.populations.get(name, Updates()) if name in kept else Updates()
        updates = here.ends[name].n * before.ticks
        populations[name] = Updates(updates, own.active, own.overflows, own.saturated, own.sent)
    projections = {
        name: before.projections.get(name, Deliveries()) if name in kept else Deliveries()
        for name in fresh.projections
    }
    return Counts(before.ticks, populations, projections, fresh.uncounted)


def _counted(arena: Arena, name: str, words: int) -> list[int]:
    """Return a part's counters; none where its kind has no such array."""
    field = arena.fields.get(f"{name}.counted")
    if field is None or field.dtype != np.int64 or field.shape != (words,):
        return []
    return [int(word) for word in arena[field.name]]


def _words(updates: Updates) -> tuple[int, ...]:
    return (
        *(updates.updates, updates.active, updates.overflows),
        *(updates.saturated, updates.sent),
    )
