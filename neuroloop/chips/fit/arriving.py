"""What arrives at each population, in the form in which a core keeps it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neuroloop.chips.fit.formats import Format, dense_is_smaller, format_of
from neuroloop.engine.delays import delay_ticks
from neuroloop.network import Convolution, Pooling
from neuroloop.network.connections import Connections
from neuroloop.network.graph import Network, Population, Projection
from neuroloop.network.scatter import by_key

Wires = tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.uint8]]


@dataclass(frozen=True)
class Group:
    """Projections that share their axons: of one source, in one format."""

    source: str
    first: int
    """number of its first axon"""
    n: int
    """units of the source: an axon each"""
    format: Format
    dense: bool
    projections: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Lists:
    """All lists of synapses into a population, sorted by target; weights of 0 are left out."""

    start: NDArray[np.int64]
    """``int64[n + 1]``"""
    axon: NDArray[np.uint32]
    """``uint32[s]``"""
    groups: Sequence[Group]

    @property
    def wires(self) -> Wires:
        """What the compiled functions of `_synapse_memory` take."""
        axons = np.zeros((max(sum(g.n for g in self.groups), 1), 2), np.uint8)
        for g in self.groups:
            axons[g.first : g.first + g.n] = g.format.width, g.dense
        return self.start, self.axon, axons

    def changed(self, change: Callable[[Format], Format]) -> "Lists":
        """Return the same with other formats."""
        groups = [replace(g, format=change(g.format)) for g in self.groups]
        return replace(self, groups=groups)


@dataclass(frozen=True, eq=False)
class Maps:
    """A convolution or pooling: the axons of a place share their weights with those of others."""

    form: Convolution | Pooling
    source: str
    format: Format
    projection: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """Maps, rows and columns of the target."""
        return self.form.output_shape

    def changed(self, change: Callable[[Format], Format]) -> "Maps":
        """Return the same with another format."""
        return replace(self, format=change(self.format))


@dataclass(frozen=True, eq=False)
class Arriving:
    """All that arrives at a population."""

    population: Population
    lists: Lists
    maps: Sequence[Maps]

    @property
    def shape(self) -> tuple[int, int, int] | None:
        """Maps, rows and columns, where convolutions that arrive say so and agree."""
        shapes = {m.shape for m in self.maps}
        return shapes.pop() if len(shapes) == 1 else None

    @property
    def formats(self) -> set[Format]:
        """Of all that arrives."""
        return {g.format for g in self.lists.groups} | {m.format for m in self.maps}

    def changed(self, change: Callable[[Format], Format]) -> "Arriving":
        """Return the same with other formats."""
        maps = [m.changed(change) for m in self.maps]
        return replace(self, lists=self.lists.changed(change), maps=maps)


def arriving(
    network: Network, dt_us: int, layer_ticks: int, say: Callable[[str], None]
) -> list[Arriving]:
    """Return what arrives at each population, in the network's order."""
    to: dict[str, list[int]] = {p.name: [] for p in network.populations}
    for k, j in enumerate(network.projections):
        to[j.target].append(k)
    result = []
    for p in network.populations:
        say(f"sorting the synapses of {p.name}")
        result.append(_of(p, to[p.name], network, dt_us, layer_ticks))
    return result


def _of(
    p: Population, arrive: Sequence[int], network: Network, dt_us: int, layer_ticks: int
) -> Arriving:
    lists: dict[tuple[str, Format], list[int]] = {}
    maps = []
    for k in arrive:
        j = network.projections[k]
        delay = delay_ticks(j, dt_us)
        longest = int(delay[0] if delay.strides == (0,) else delay.max()) if len(delay) else 0
        wanted = format_of(j, longest - layer_ticks)
        if isinstance(j.connections, Convolution | Pooling):
            maps.append(Maps(j.connections, j.source, wanted, k))
        else:
            lists.setdefault((j.source, wanted), []).append(k)
    sizes = {name: network.size(name) for name, _ in lists}
    return Arriving(p, _sorted(p, lists, network.projections, sizes), maps)


def _sorted(
    p: Population,
    lists: Mapping[tuple[str, Format], Sequence[int]],
    projections: Sequence[Projection],
    sizes: Mapping[str, int],
) -> Lists:
    groups, axons, posts = [], [], []
    first = 0
    for (source, wanted), members in lists.items():
        spans, synapses = [], 0
        for k in members:
            start, post = _kept(projections[k].connections)
            pre = np.arange(first, first + len(start) - 1, dtype=np.uint32)
            axons.append(np.repeat(pre, np.diff(start)))
            posts.append(post)
            spans.append(_spans(start, post))
            synapses += len(post)
        dense = dense_is_smaller(np.concatenate(spans), synapses, wanted.width)
        groups.append(Group(source, first, sizes[source], wanted, dense, tuple(members)))
        first += sizes[source]
    if not posts:
        return Lists(np.zeros(p.n + 1, np.int64), np.zeros(0, np.uint32), ())
    axon = axons[0] if len(axons) == 1 else np.concatenate(axons)
    post = posts[0] if len(posts) == 1 else np.concatenate(posts)
    rows, axon, _ = by_key(post, axon, np.zeros(0, np.float32), p.n)
    return Lists(rows, axon, groups)


def _kept(c: object) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    """Return rows and targets of the synapses whose weight is not 0."""
    assert isinstance(c, Connections)
    if c.constant and len(c) and c.weight[0]:
        return c.start, c.post
    keep = c.weight != 0
    if keep.all():
        return c.start, c.post
    before = np.zeros(len(keep) + 1, np.int64)
    np.cumsum(keep, out=before[1:])
    return before[c.start], c.post[keep]


def _spans(start: NDArray[np.int64], post: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Return the targets between the first and the last of each row that has some."""
    has = np.diff(start) > 0
    first, last = start[:-1][has], start[1:][has] - 1
    result: NDArray[np.int64] = post[last].astype(np.int64) - post[first] + 1
    return result
