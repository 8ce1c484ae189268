"""Convolutions on cores that hold blocks of maps: which inputs a block hears, and its weights.

All channels of a place share an input axon, and places whose spikes reach the block in the same way
share their weights: those inside have one set, those at each kind of border another.

Source: nengo-loihi 1.1, its population axons; Y. Lin and others, "Programming spiking neural
networks on Intel's Loihi", Computer 51, 2018.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from neuroloop.chips.fit._synapse_memory import BLOCK, HEAD_BITS, WORD_BITS
from neuroloop.chips.fit.arriving import Maps
from neuroloop.chips.fit.formats import index_bits
from neuroloop.network import Convolution

Span = tuple[int, int]
"""first, and one past the last"""


@dataclass(frozen=True)
class Axis:
    """Rows, or columns, of a convolution."""

    n: int
    """of the source"""
    taken: int
    """of these, those that reach anything"""
    kernel: int
    step: int
    before: int


@dataclass(frozen=True, eq=False)
class Heard:
    """What a run of outputs hears along an axis."""

    places: NDArray[np.int64]
    """of the source that reach it"""
    taps: NDArray[np.int64]
    """outputs that a place reaches, one entry for each different way"""
    synapses: int
    """pairs of a place and an output"""


@dataclass(frozen=True)
class Needs:
    """What a block of neurons needs for one convolution."""

    axons: int
    bits: int
    synapses: int
    slots: int
    """entries of a source's output axons that a spike into the block takes"""
    index: int
    """bits of an index"""


def axes(maps: Maps) -> tuple[Axis, Axis]:
    """Return the rows and columns of a convolution or pooling."""
    form = maps.form
    _, *sizes = form.input_shape
    if isinstance(form, Convolution):
        _, _, *kernel = form.weight.shape
        parts = zip(sizes, form.covered, kernel, form.steps, form.before, strict=True)
    else:
        parts = zip(sizes, sizes, form.window, form.steps, (0, 0), strict=True)
    rows, columns = (Axis(*part) for part in parts)
    return rows, columns


def heard(axis: Axis, outputs: Span) -> Heard:
    """Return what outputs hear along an axis."""
    first, end = outputs
    at = np.arange(axis.taken) + axis.before
    low = np.maximum(-((axis.kernel - 1 - at) // axis.step), first)
    count = np.minimum(at // axis.step, end - 1) - low + 1
    places = np.flatnonzero(count > 0)
    ways = np.unique(count[places] * axis.kernel + (at - low * axis.step)[places])
    return Heard(places, ways // axis.kernel, int(count[places].sum()))


def needs(maps: Maps, n_maps: int, columns: int, across: tuple[Heard, Heard]) -> Needs:
    """Return what a block of ``n_maps`` maps, ``columns`` wide, needs."""
    down, right = across
    if not len(down.places) or not len(right.places):
        return Needs(0, 0, 0, 1, 0)
    convolves = isinstance(maps.form, Convolution)
    channels = maps.form.input_shape[0] if convolves else n_maps
    pairs = channels * n_maps if convolves else n_maps
    last = ((int(down.taps.max()) - 1) * columns + int(right.taps.max())) * n_maps
    index = index_bits(last)
    synapses = np.outer(down.taps, right.taps) * pairs
    bits = int(_bits(synapses, maps.format.width + index).sum())
    axons = len(down.places) * len(right.places)
    used = down.synapses * right.synapses * pairs
    return Needs(axons, bits, used, _slots(channels, axons), index)


def units(maps: Maps, down: Heard, right: Heard, of_maps: Span) -> NDArray[np.uint32]:
    """Return the units of the source that a block hears."""
    channels, height, width = maps.form.input_shape
    which = np.arange(channels) if isinstance(maps.form, Convolution) else np.arange(*of_maps)
    place = down.places[:, None] * width + right.places
    return (which[:, None] * (height * width) + place.reshape(-1)).reshape(-1).astype(np.uint32)


def _bits(synapses: NDArray[np.int64], bits: int) -> NDArray[np.int64]:
    """Return the memory of axons with so many synapses of so many bits; `axon_bits` for arrays."""
    full, rest = synapses // BLOCK, synapses % BLOCK
    whole = -(-(BLOCK * bits + HEAD_BITS) // WORD_BITS)
    part = np.where(rest > 0, -(-(rest * bits + HEAD_BITS) // WORD_BITS), 0)
    return (full * whole + part) * WORD_BITS


def _slots(channels: int, axons: int) -> int:
    """Return the output entries of a spike: short axons name few channels of few places."""
    bits = (channels - 1).bit_length()
    return 1 if bits <= 9 and axons <= 1 << (10 - max(bits - 5, 0)) else 2


def bands(n: int, parts: int) -> Sequence[Span]:
    """Cut ``n`` into so many runs of nearly equal length."""
    ends = [n * k // parts for k in range(parts + 1)]
    return list(pairwise(ends))
