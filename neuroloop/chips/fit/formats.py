"""Formats of synapses on Loihi: what a weight, a delay and an index take in a core's memory.

Source: nengo-loihi 1.1, how it estimates the synapse memory of a core.
"""

from dataclasses import dataclass, replace

import numpy as np

from neuroloop.network.graph import Projection

_WEIGHT_BITS = (1, 2, 3, 4, 5, 6, 8, 9)
"""that a weight can take, with its sign where signs are mixed"""
_INDEX_BITS = (0, 6, 7, 8, 9, 10, 11, 12)
_BITS = 8
"""of a weight, where a projection says nothing"""


@dataclass(frozen=True, order=True)
class Format:
    """How the synapses of an axon are kept."""

    bits: int
    """of a weight"""
    delay_bits: int
    exponent: int = 0
    sign: str = "auto"

    @property
    def width(self) -> int:
        """Bits of a synapse without its index."""
        return next(n for n in _WEIGHT_BITS if n >= self.bits) + self.delay_bits

    def with_bits(self, bits: int) -> "Format":
        """Return the same with weights of so many bits at most."""
        return replace(self, bits=min(self.bits, bits))

    def without_delays(self) -> "Format":
        """Return the same with the shortest delays."""
        return replace(self, delay_bits=0)


def format_of(j: Projection, extra_ticks: int) -> Format:
    """Return the format of a projection; ``extra_ticks`` are those of its longest delay."""
    given = j.params
    bits, exponent = given.get("bits", _BITS), given.get("exponent", 0)
    sign = str(given.get("sign", "auto"))
    return Format(int(bits), max(extra_ticks, 0).bit_length(), int(exponent), sign)


def index_bits(targets: int) -> int:
    """Return the bits of an index among so many targets; 12 where they are too many for one."""
    wanted = int(targets - 1).bit_length() if targets > 1 else 0
    return next((n for n in _INDEX_BITS if n >= wanted), _INDEX_BITS[-1])


def dense_is_smaller(spans: np.ndarray, synapses: int, width: int) -> bool:
    """Whether weights without indices, zeros between them included, take less memory."""
    return int(spans.sum()) * width < synapses * (width + _INDEX_BITS[5])
