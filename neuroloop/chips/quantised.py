"""What a network became on a chip: the same populations in the chip's whole numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from neuroloop.network.graph import Network


@dataclass(frozen=True)
class Layer:
    """One population."""

    name: str
    kind: str
    """what it was"""
    scale: float
    """units of the chip in one of the network's (of the potential)"""
    numbers: Mapping[str, int]
    """its parameters on the chip, where all neurons have the same"""
    errors: Mapping[str, float] = field(default_factory=dict)
    """by parameter: what is off, as a share of it (a decay, a threshold, the worst bias)"""


@dataclass(frozen=True)
class Wire:
    """One projection."""

    name: str
    synapses: int
    zeros: int
    """synapses whose weight became 0"""
    bits: int
    """of a weight, with its sign"""
    exponent: int
    error: float
    """root mean square of what weights are off, as a share of theirs"""
    ticks: int
    """from source to target on the chip, the least"""


@dataclass(frozen=True)
class Quantised:
    """All of it."""

    chip: str
    network: Network
    """in kinds of the chip, with the user's names; what is added is named ``chip.`` something"""
    late: Mapping[str, int]
    """ticks by which each population lags behind"""
    layers: Sequence[Layer] = ()
    wires: Sequence[Wire] = ()
    """in the order of the network's projections, where quantising made them"""
    warnings: Sequence[str] = ()
    """each names a population or projection, the value and what would help"""
