"""A population cut into parts, none larger than a core."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuroloop.chips.fit._synapse_memory import AXONS, BITS, INDEX, NEURONS, OUTS, cut, measure
from neuroloop.chips.fit.arriving import Arriving, Lists
from neuroloop.chips.fit.formats import index_bits
from neuroloop.chips.profile import Profile
from neuroloop.core.values import Int32s

ENDS = ("neurons", "axons_in", "synapse_bits", "axons_out")
"""limits of a part, in the order of `NEURONS`, `AXONS`, `BITS` and `OUTS`"""
NO_LIMIT = 1 << 40
_WIDEST = 10
"""bits of an index among the 1,024 neurons of a core"""


@dataclass(frozen=True, eq=False)
class Reach:
    """Which units of a source reach which parts."""

    source: str
    projections: tuple[int, ...]
    unit: NDArray[np.uint32]
    part: Int32s
    """``int32[pairs]``: unit ``unit[i]`` reaches part ``part[i]``, once"""
    slots: NDArray[np.int64]
    """``int64[parts]``: output axons that a unit takes to reach it"""


@dataclass(frozen=True, eq=False)
class Parts:
    """A population in parts."""

    of: Int32s
    """the part of each neuron, ``int32[n]``"""
    uses: NDArray[np.int64]
    """``int64[parts, 4]``, in the order of `ENDS`"""
    synapses: NDArray[np.int64]
    """``int64[parts]``"""
    reaches: Sequence[Reach]
    how: str
    ended_by: str
    """the limit that ended most parts; empty where there is one part"""

    @property
    def n(self) -> int:
        """Number of parts."""
        return len(self.uses)


def limits(profile: Profile) -> NDArray[np.int64]:
    """Return the limits of a core as `cut` takes them; what is not known does not end a part."""
    known = [profile.limit(name) for name in ENDS]
    most = [NO_LIMIT if n is None else n for n in known]
    return np.array([*most, max(_WIDEST, index_bits(min(most[NEURONS], 1 << 12)))], np.int64)


def in_order(
    a: Arriving, outs: NDArray[np.int64], most: NDArray[np.int64], *, whole: bool = False
) -> Parts:
    """Cut a population in the order of its neurons; ``whole`` leaves it in one part."""
    n = a.population.n
    part, why = np.zeros(n, np.int32), np.zeros(n, np.uint8)
    parts = 1 if whole else cut(a.lists.wires, outs, most, part, why)
    if parts > 1 and (why[: parts - 1] == BITS).any():
        part, why, parts = _narrower(a, outs, most, (part, why, parts))
    uses, synapses, reaches = of_lists(a.lists, part, parts)
    uses[:, OUTS] = np.bincount(part, outs, parts)
    ends = np.bincount(why[: parts - 1], minlength=4)
    how = "one core" if parts == 1 else "in order"
    return Parts(part, uses, synapses, reaches, how, ENDS[int(ends.argmax())] if parts > 1 else "")


def _narrower(
    a: Arriving,
    outs: NDArray[np.int64],
    most: NDArray[np.int64],
    found: tuple[Int32s, NDArray[np.uint8], int],
) -> tuple[Int32s, NDArray[np.uint8], int]:
    """Try indices that just name the neurons of the largest part; keep what is fewer parts."""
    width = index_bits(int(np.bincount(found[0]).max()))
    if width >= most[INDEX]:
        return found
    small = most.copy()
    small[NEURONS], small[INDEX] = min(most[NEURONS], 1 << width), width
    part, why = np.empty_like(found[0]), np.zeros_like(found[1])
    parts = cut(a.lists.wires, outs, small, part, why)
    return (part, why, parts) if parts < found[2] else found


def of_lists(
    lists: Lists, part: Int32s, parts: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], list[Reach]]:
    """Count what parts need for lists of synapses: uses but output axons, synapses, and reach."""
    sizes = np.bincount(part, minlength=parts)
    index = np.array([index_bits(int(n)) for n in sizes], np.int64)
    needs = np.zeros((parts, 3), np.int64)
    unit, reached = np.empty(len(lists.axon), np.uint32), np.empty(len(lists.axon), np.int32)
    order = np.argsort(part, kind="stable")
    pairs = measure(lists.wires, order, part, index, (needs, unit, reached))
    unit, reached = unit[:pairs], reached[:pairs]
    uses = np.zeros((parts, 4), np.int64)
    uses[:, NEURONS], uses[:, AXONS], uses[:, BITS] = sizes, needs[:, 0], needs[:, 1]
    one = np.ones(parts, np.int64)
    reaches = []
    for g in lists.groups:
        own = (unit >= g.first) & (unit < g.first + g.n)
        reaches.append(
            Reach(g.source, g.projections, unit[own] - np.uint32(g.first), reached[own], one)
        )
    return uses, needs[:, 2], reaches


def fits(uses: NDArray[np.int64], most: NDArray[np.int64]) -> bool:
    """Whether all parts are within the limits."""
    return bool((uses <= most[:4]).all())
