r"""Lateness: let a chip whose links take time run a network as if they took none.

A link from s to t with a delay of d ticks takes at least m ticks on the chip.  If population p runs
L(p) ticks behind the network, a spike arrives in time where the chip's link takes

.. math:: d + L(t) - L(s) \ge m

Inputs are not late.  The smallest lateness that satisfies all links is the longest path of
:math:`m - d` from the inputs; the chip then runs the same network, every population L ticks later.
There is none where a ring of links has less delay than the chip takes around it: what is missing is
added to the link of the ring with the longest delay, and said.

Source: C. E. Leiserson and J. B. Saxe, "Retiming synchronous circuitry", Algorithmica 6, 1991.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from neuroloop.core.values import Int32s


@dataclass(frozen=True)
class Link:
    """A projection, as far as time goes."""

    name: str
    source: str
    target: str
    ticks: int
    """its least delay in the network, with what the target's kind adds to it"""
    least: int
    """ticks that the chip takes at least"""


@dataclass(frozen=True)
class Timing:
    """When everything happens on the chip."""

    late: Mapping[str, int]
    """ticks by which each population lags behind the network, also of inputs: 0"""
    ticks: Sequence[int]
    """of each link: what it has to take on the chip, for its least delay"""
    added: Sequence[int]
    """of each link: ticks by which it is later than in the network"""
    notes: Sequence[str]
    """what is not as in the network, in words"""


def least(delay: Int32s) -> int:
    """Return the least delay of a projection's synapses, in ticks; 0 where it has none."""
    return int(delay.min()) if len(delay) else 0


def retime(names: Sequence[str], links: Sequence[Link]) -> Timing:
    """Return the smallest lateness with which a chip keeps a network's time.

    Parameters
    ----------
    names
        Of all inputs and populations.
    links
        Between them; none ends at an input.
    """
    added = [0] * len(links)
    notes = []
    while True:
        late, ring = _longest(names, links, added)
        if not ring:
            break
        missing = sum(links[k].least - links[k].ticks - added[k] for k in ring)
        slowest = max(ring, key=lambda k: (links[k].ticks + added[k], -k))
        added[slowest] += missing
        notes.append(_said(ring, slowest, links, added))
    ticks = [
        link.ticks + more + late[link.target] - late[link.source]
        for link, more in zip(links, added, strict=True)
    ]
    return Timing(late, ticks, added, notes)


def _longest(
    names: Sequence[str], links: Sequence[Link], added: Sequence[int]
) -> tuple[dict[str, int], list[int]]:
    """Return the longest paths, or the links of a ring along which they grow for ever."""
    late = dict.fromkeys(names, 0)
    through: dict[str, int] = {}
    moved = ""
    for _ in names:
        moved = ""
        for k, (link, more) in enumerate(zip(links, added, strict=True)):
            reached = late[link.source] + link.least - link.ticks - more
            if reached > late[link.target]:
                late[link.target], through[link.target] = reached, k
                moved = link.target
        if not moved:
            return late, []
    if not moved:
        return late, []
    # after as many steps back as there are names one is inside of the ring
    for _ in names:
        moved = links[through[moved]].source
    ring, at = [through[moved]], links[through[moved]].source
    while at != moved:
        ring.append(through[at])
        at = links[through[at]].source
    return late, ring[::-1]


def _said(ring: Sequence[int], slowest: int, links: Sequence[Link], added: Sequence[int]) -> str:
    way = " -> ".join([links[ring[0]].source, *(links[k].target for k in ring)])
    link = links[slowest]
    more = added[slowest]
    given, needed = sum(links[k].ticks for k in ring), sum(links[k].least for k in ring)
    return (
        f"projection {link.name}: {_ticks(more)} later than in the network, because the ring {way} "
        f"has a delay of {_ticks(given)} and takes the chip at least {needed};"
        " train or write the network with as long a delay, and it is the same on the chip"
    )


def _ticks(n: int) -> str:
    return f"{n} tick{'s' * (n != 1)}"
