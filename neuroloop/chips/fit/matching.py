"""Layers on cores of different sizes: a matching of a bipartite graph, by augmenting paths.

Source: H. W. Kuhn, "The Hungarian method for the assignment problem", Naval Research Logistics
Quarterly 2, 1955.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Matching:
    """Who got which."""

    taken: Sequence[int | None]
    """by layer: its core; None where there was none left"""
    crowded: Sequence[tuple[Sequence[int], Sequence[int]]]
    """for each layer without a core: layers, itself first, that can lie on these cores alone,
    which are too few"""


def match(possible: Sequence[Sequence[int]]) -> Matching:
    """Give each layer a core of its own, as many layers as can be.

    Parameters
    ----------
    possible
        By layer: the cores it can lie on, those it should rather take first.

    Examples
    --------
    >>> match([[0, 1], [0], [0, 1]])
    Matching(taken=[1, 0, None], crowded=[([2, 1, 0], [0, 1])])
    """
    owner: dict[int, int] = {}
    crowded = []
    for layer in range(len(possible)):
        tried: set[int] = set()
        if not _settle(layer, possible, owner, tried):
            others = sorted((owner[core] for core in tried), reverse=True)
            crowded.append(([layer, *others], sorted(tried)))
    taken: list[int | None] = [None] * len(possible)
    for core, layer in owner.items():
        taken[layer] = core
    return Matching(taken, crowded)


def _settle(
    layer: int, possible: Sequence[Sequence[int]], owner: dict[int, int], tried: set[int]
) -> bool:
    """Find a core for a layer, moving others where they have another to go to."""
    for core in possible[layer]:
        if core in tried:
            continue
        tried.add(core)
        if core not in owner or _settle(owner[core], possible, owner, tried):
            owner[core] = layer
            return True
    return False
