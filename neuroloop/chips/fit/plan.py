"""All populations cut into parts, each part put on a core."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from neuroloop.chips.fit._synapse_memory import OUTS
from neuroloop.chips.fit.arriving import Arriving
from neuroloop.chips.fit.blocks import in_blocks
from neuroloop.chips.fit.formats import Format
from neuroloop.chips.fit.parts import Parts, in_order
from neuroloop.chips.profile import Profile
from neuroloop.network.graph import Network, Population

_ROUNDS = 8
"""times that parts are cut again for the output axons that finer targets need"""
_THRESHOLDS = ("vth", "vth_hi", "vth_lo")
_PER_NEURON = ("bias", "bias_mant", "bias_exp")


def cut_all(
    found: Sequence[Arriving],
    sizes: Mapping[str, int],
    most: NDArray[np.int64],
    say: Callable[[str], None],
) -> list[Parts]:
    """Cut all populations, ``sizes`` being the units of each source.

    A population that is cut finer needs more output axons of its sources; those that have too many
    then are cut again, until nothing changes.
    """
    outs = {a.population.name: np.zeros(a.population.n, np.int64) for a in found}
    parts: list[Parts] = []
    for a in found:
        say(f"cutting {a.population.name} into parts")
        parts.append(_cut(a, outs[a.population.name], most))
    for _ in range(_ROUNDS):
        outs = _outs(found, parts, sizes)
        over = []
        for k, a in enumerate(found):
            own = outs[a.population.name]
            parts[k].uses[:, OUTS] = np.bincount(parts[k].of, own, parts[k].n)
            if (parts[k].uses[:, OUTS] > most[OUTS]).any() and parts[k].n < a.population.n:
                over.append(k)
        if not over:
            break
        for k in over:
            parts[k] = _cut(found[k], outs[found[k].population.name], most)
    return parts


def _cut(a: Arriving, outs: NDArray[np.int64], most: NDArray[np.int64]) -> Parts:
    return in_blocks(a, outs, most) if a.maps else in_order(a, outs, most)


def _outs(
    found: Sequence[Arriving], parts: Sequence[Parts], sizes: Mapping[str, int]
) -> dict[str, NDArray[np.int64]]:
    """Return the output axons of each unit of each source."""
    outs = {name: np.zeros(n, np.int64) for name, n in sizes.items()}
    for p in parts:
        for r in p.reaches:
            weights = None if (r.slots == 1).all() else r.slots[r.part]
            outs[r.source] += np.bincount(r.unit, weights, sizes[r.source]).astype(np.int64)
    return outs


@dataclass(eq=False)
class Core:
    """What lies on a core."""

    uses: NDArray[np.int64]
    members: list[tuple[int, int]] = field(default_factory=list)
    """population and part, by number"""
    profiles: set[tuple[object, ...]] = field(default_factory=set)
    thresholds: set[object] = field(default_factory=set)
    formats: set[Format] = field(default_factory=set)

    @property
    def kinds(self) -> dict[str, int]:
        """How many different ones of what a core has a table for."""
        return {
            "compartment_profiles": len(self.profiles),
            "thresholds": len(self.thresholds),
            "synapse_formats": len(self.formats),
        }


@dataclass(frozen=True, eq=False)
class Plan:
    """A network cut into parts that lie on cores."""

    network: Network
    found: Sequence[Arriving]
    parts: Sequence[Parts]
    cores: Sequence[Core]
    most: NDArray[np.int64]

    @property
    def sizes(self) -> dict[str, int]:
        """Units of each source."""
        return {part.name: part.n for part in self.network.spiking}


def pack(
    found: Sequence[Arriving], parts: Sequence[Parts], profile: Profile, most: NDArray[np.int64]
) -> list[Core]:
    """Put each part on the first core that has room, in the network's order."""
    cores: list[Core] = []
    count = sum(p.n for p in parts)
    left = np.zeros((count, 4), np.int64)
    for k, (a, p) in enumerate(zip(found, parts, strict=True)):
        own = Core(np.zeros(4, np.int64), [], *tables(a))
        for part in range(p.n):
            room = (left[: len(cores)] >= p.uses[part]).all(axis=1)
            at = next(
                (int(c) for c in np.flatnonzero(room) if _joins(cores[c], own, profile)), None
            )
            if at is None:
                at = len(cores)
                cores.append(Core(np.zeros(4, np.int64)))
                left[at] = most[:4]
            core = cores[at]
            core.members.append((k, part))
            core.uses += p.uses[part]
            left[at] -= p.uses[part]
            core.profiles |= own.profiles
            core.thresholds |= own.thresholds
            core.formats |= own.formats
    return cores


def _joins(core: Core, new: Core, profile: Profile) -> bool:
    """Whether a core's tables have room for another population."""
    merged = Core(
        core.uses,
        profiles=core.profiles | new.profiles,
        thresholds=core.thresholds | new.thresholds,
        formats=core.formats | new.formats,
    )
    return all(
        most is None or n <= most
        for name, n in merged.kinds.items()
        for most in [profile.limit(name)]
    )


def tables(a: Arriving) -> tuple[set[tuple[object, ...]], set[object], set[Format]]:
    """Return the compartment profiles, thresholds and synapse formats of a population."""
    p: Population = a.population
    own = sorted(p.params.items())
    shared = [(name, v) for name, v in own if name not in (*_THRESHOLDS, *_PER_NEURON)]
    thresholds: set[object] = {v for name, v in own if name in _THRESHOLDS}
    return {(p.kind, *shared)}, thresholds or {0}, a.formats
