"""Populations of maps cut into blocks of rows x columns x maps: neighbours hear the same inputs."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product

import numpy as np
from numpy.typing import NDArray

from neuroloop.chips.fit import windows
from neuroloop.chips.fit._synapse_memory import AXONS, BITS, NEURONS, OUTS
from neuroloop.chips.fit.arriving import Arriving
from neuroloop.chips.fit.parts import ENDS, Parts, Reach, fits, in_order, of_lists
from neuroloop.chips.fit.windows import Axis, Heard, Needs, Span, bands

_TRIED = 3
"""grids of as many blocks for which lists of synapses are counted"""
Grid = tuple[int, int, int]
"""parts along maps, rows and columns"""


@dataclass(eq=False)
class _Cutter:
    """One population; remembers what runs of rows and columns hear."""

    a: Arriving
    shape: tuple[int, int, int]
    outs: NDArray[np.int64]
    most: NDArray[np.int64]
    heard: dict[tuple[Axis, Span], Heard] = field(default_factory=dict)
    known: dict[tuple[int | bytes, ...], Needs] = field(default_factory=dict)

    def hears(self, axis: Axis, outputs: Span) -> Heard:
        if (axis, outputs) not in self.heard:
            self.heard[axis, outputs] = windows.heard(axis, outputs)
        return self.heard[axis, outputs]

    def block(self, k: int, spans: tuple[Span, Span, Span]) -> Needs:
        """Return what a block needs for the ``k``-th convolution."""
        (m0, m1), rows, columns = spans
        down, right = (
            self.hears(axis, s)
            for axis, s in zip(windows.axes(self.a.maps[k]), (rows, columns), strict=True)
        )
        wide = columns[1] - columns[0]
        # blocks that hear as many places in the same ways need the same
        places = (len(down.places), len(right.places), down.synapses, right.synapses)
        key = (k, m1 - m0, wide, *places, down.taps.tobytes(), right.taps.tobytes())
        if key not in self.known:
            self.known[key] = windows.needs(self.a.maps[k], m1 - m0, wide, (down, right))
        return self.known[key]

    def use(self, spans: tuple[Span, Span, Span]) -> list[int]:
        """Return what a block uses for all convolutions, without its output axons."""
        found = [self.block(k, spans) for k in range(len(self.a.maps))]
        neurons = int(np.prod([end - first for first, end in spans]))
        return [neurons, sum(n.axons for n in found), sum(n.bits for n in found), 0]

    def spans(self, grid: Grid) -> list[tuple[Span, Span, Span]]:
        maps, rows, columns = (bands(n, k) for n, k in zip(self.shape, grid, strict=True))
        return list(product(maps, rows, columns))

    def possible(self, grid: Grid) -> bool:
        """Whether a block in the middle is within the limits: a quick look."""
        runs = [bands(n, parts) for n, parts in zip(self.shape, grid, strict=True)]
        maps, rows, columns = (run[len(run) // 2] for run in runs)
        return fits(np.array([self.use((maps, rows, columns))]), self.most)

    def part(self, grid: Grid) -> NDArray[np.int32]:
        """Return the part of each neuron."""
        of = np.zeros(self.shape, np.int32)
        for n, (maps, rows, columns) in enumerate(self.spans(grid)):
            of[slice(*maps), slice(*rows), slice(*columns)] = n
        return of.reshape(-1)

    def uses(self, grid: Grid) -> NDArray[np.int64]:
        """Return what all blocks use for convolutions and output axons."""
        uses = np.array([self.use(s) for s in self.spans(grid)], np.int64)
        uses[:, OUTS] = np.bincount(self.part(grid), self.outs, len(uses))
        return uses

    def parts(self, grid: Grid) -> Parts:
        """Return the population cut by a grid, with all that arrives."""
        of, uses, spans = self.part(grid), self.uses(grid), self.spans(grid)
        by_lists, synapses, reaches = of_lists(self.a.lists, of, len(spans))
        uses[:, AXONS] += by_lists[:, AXONS]
        uses[:, BITS] += by_lists[:, BITS]
        for k, maps in enumerate(self.a.maps):
            found = [self.block(k, s) for s in spans]
            synapses += np.array([n.synapses for n in found])
            heard = [self._units(k, s) for s in spans]
            part = np.repeat(np.arange(len(spans), dtype=np.int32), [len(u) for u in heard])
            slots = np.array([n.slots for n in found])
            unit = np.concatenate(heard)
            reaches.append(Reach(maps.source, (maps.projection,), unit, part, slots))
        maps_, rows, columns = (-(-n // g) for n, g in zip(self.shape, grid, strict=True))
        how = "one core" if len(spans) == 1 else f"blocks of {rows} x {columns} x {maps_}"
        return Parts(of, uses, synapses, reaches, how, self._ended(grid))

    def _units(self, k: int, spans: tuple[Span, Span, Span]) -> NDArray[np.uint32]:
        of_maps, rows, columns = spans
        down, right = windows.axes(self.a.maps[k])
        heard = self.hears(down, rows), self.hears(right, columns)
        return windows.units(self.a.maps[k], *heard, of_maps)

    def _ended(self, grid: Grid) -> str:
        """Return the limit that a single core would pass by most."""
        if grid == (1, 1, 1):
            return ""
        n, rows, columns = self.shape
        whole = np.array(self.use(((0, n), (0, rows), (0, columns))))
        whole[OUTS] = self.outs.sum()
        return ENDS[int((whole / self.most[:4]).argmax())]


def in_blocks(a: Arriving, outs: NDArray[np.int64], most: NDArray[np.int64]) -> Parts:
    """Cut a population of maps into the fewest blocks, and of these the ones with fewest axons.

    Where not even one neuron fits into a core, it is cut by the number of neurons alone.
    """
    if a.shape is None:
        return in_order(a, outs, most)
    cutter = _Cutter(a, a.shape, outs, most)
    n = a.population.n
    if not cutter.possible(a.shape):
        least = -(-n // int(most[NEURONS]))
        cells = next(
            g for c in range(least, n + 1) for g in _grids(c, a.shape) if _small(g, a, most)
        )
        return cutter.parts(cells)
    # no fewer than neurons alone need, or what lists of synapses need without their indices
    bits = len(a.lists.axon) * min((g.format.width for g in a.lists.groups), default=0)
    count = max(-(-n // int(most[NEURONS])), -(-bits // int(most[BITS])))
    while count < n:
        good = [g for g in _grids(count, a.shape) if cutter.possible(g)]
        found = [(int(uses[:, AXONS].sum()), g) for g in good if fits(uses := cutter.uses(g), most)]
        over = 1.0
        for _, grid in sorted(found)[:_TRIED]:
            parts = cutter.parts(grid)
            if fits(parts.uses, most):
                return parts
            over = float((parts.uses / most[:4]).max())
        # lists of synapses are slow to count: go nearer to what they need
        count = max(count + 1 + count // 32, int(count * over**0.5))
    return cutter.parts(a.shape)


def _small(grid: Grid, a: Arriving, most: NDArray[np.int64]) -> bool:
    largest = [-(-n // g) for n, g in zip(a.shape or grid, grid, strict=True)]
    return bool(np.prod(largest) <= most[NEURONS])


def _grids(count: int, shape: tuple[int, int, int]) -> Iterator[Grid]:
    """Yield the ways to cut maps, rows and columns into ``count`` blocks."""
    for maps in (m for m in range(1, min(count, shape[0]) + 1) if not count % m):
        rest = count // maps
        for rows in (r for r in range(1, min(rest, shape[1]) + 1) if not rest % r):
            if rest // rows <= shape[2]:
                yield maps, rows, rest // rows
