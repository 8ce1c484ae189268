"""Compiled: cut a population over cores, and count what each part of it needs.

Synapses lie sorted by target.  An input axon of a core is a source neuron in one format; its
synapses lie in blocks of up to 64, each of a head of 10 bits and filled up to words of 64 bit.  A
sparse axon names the target of each synapse, a dense one holds a weight for every target between
its first and last.

Source: nengo-loihi 1.1, how it estimates the synapse memory of a core.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroloop.core.kernel import kernel

HEAD_BITS, BLOCK, WORD_BITS = 10, 64, 64
STAMP, HELD, LOW, HIGH = range(4)
"""of an axon: the part that it was last seen in, its synapses there, first and last target"""
NEURONS, AXONS, BITS, OUTS, INDEX = range(5)
"""what ends a part: its limits, in this order, and the bits of an index"""


@kernel
def axon_bits(synapses: Any, bits: Any) -> Any:
    """Return the memory of an axon with so many synapses of so many bits."""
    full, rest = synapses // BLOCK, synapses % BLOCK
    whole = -(-(BLOCK * bits + HEAD_BITS) // WORD_BITS)
    part = -(-(rest * bits + HEAD_BITS) // WORD_BITS) if rest else 0
    return (full * whole + part) * WORD_BITS


@kernel
def _take(x: Any, at: Any, stamp: Any, index: Any, axons: NDArray[Any], state: NDArray[Any]) -> Any:
    """Add a synapse of axon ``x`` to target ``at``; return the bits that it adds."""
    width, dense = np.int64(axons[x, 0]), axons[x, 1]
    if state[x, STAMP] != stamp:
        state[x, STAMP], state[x, HELD], state[x, LOW], state[x, HIGH] = stamp, 1, at, at
        return axon_bits(1, width if dense else width + index)
    held, low, high = np.int64(state[x, HELD]), state[x, LOW], state[x, HIGH]
    state[x, HELD], state[x, HIGH] = held + 1, at
    if dense:
        now = axon_bits(max(np.int64(at - low + 1), held + 1), width)
        return now - axon_bits(max(np.int64(high - low + 1), held), width)
    return axon_bits(held + 1, width + index) - axon_bits(held, width + index)


@kernel
def _hear(i: Any, stamp: Any, index: Any, wires: Any, state: NDArray[Any]) -> Any:
    """Add all synapses of neuron ``i``; return the axons and bits that it adds."""
    start, axon, axons = wires
    new, bits = 0, 0
    for k in range(start[i], start[i + 1]):
        new += state[axon[k], STAMP] != stamp
        bits += _take(axon[k], i, stamp, index, axons, state)
    return new, bits


@kernel
def cut(wires: Any, outs: Any, most: Any, part: Any, why: Any) -> int:
    """Cut a population, in order, where the next neuron would pass a limit.

    Parameters
    ----------
    wires
        ``start int64[n + 1]``, ``axon uint32[s]``, sorted by target, and ``axons uint8[a, 2]``:
        bits of a synapse without its index, and whether they lie densely.
    outs
        Output axons of each neuron, ``int64[n]``.
    most
        Limits of a part, ``int64[5]``.
    part, why
        Gets the part of each neuron, ``int32[n]``, and what ended each part, ``uint8[n]``.

    Returns
    -------
    int
        Number of parts.  A neuron that is too much for a part of its own gets one nevertheless.
    """
    state = np.full((wires[2].shape[0], 4), -1, np.int32)
    total = np.zeros(4, np.int64)
    parts, added = 0, np.zeros(4, np.int64)
    for i in range(outs.shape[0]):
        new, bits = _hear(i, parts, most[INDEX], wires, state)
        added[NEURONS], added[AXONS], added[BITS], added[OUTS] = 1, new, bits, outs[i]
        worst = -1
        for k in range(4):
            if worst < 0 and total[k] + added[k] > most[k]:
                worst = k
        if worst >= 0 and total[NEURONS]:
            why[parts] = worst
            parts += 1
            total[:] = 0
            new, bits = _hear(i, parts, most[INDEX], wires, state)
            added[AXONS], added[BITS] = new, bits
        total += added
        part[i] = parts
    return parts + 1


@kernel
def measure(wires: Any, order: Any, part: Any, index: Any, result: Any) -> int:
    """Count what each part needs of its input axons.

    Parameters
    ----------
    wires
        As of `cut`.
    order
        Neurons, part by part, ``int64[n]``.
    part
        Of each neuron, ``int32[n]``.
    index
        Bits of an index in each part, ``int64[parts]``.
    result
        Gets axons, bits and synapses of each part, ``int64[parts, 3]``; and all pairs of an axon
        and a part that it reaches, ``uint32[s]`` and ``int32[s]``.

    Returns
    -------
    int
        Number of pairs.
    """
    start, axon, axons = wires
    needs, unit, reached = result
    state = np.full((axons.shape[0], 4), -1, np.int32)
    pairs = 0
    for r in range(order.shape[0]):
        i = order[r]
        p = part[i]
        needs[p, 2] += start[i + 1] - start[i]
        for k in range(start[i], start[i + 1]):
            x = axon[k]
            if state[x, STAMP] != p:
                needs[p, 0] += 1
                unit[pairs], reached[pairs] = x, p
                pairs += 1
            needs[p, 1] += _take(x, r, p, index[p], axons, state)
    return pairs
