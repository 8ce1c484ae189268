"""What the truth report compares: networks, their populations, who answers, and for how long."""

from dataclasses import dataclass, field
from itertools import pairwise

import microcircuit
from workloads import BRUNEL, COBA, CUBA

SEEDS = tuple(range(1, 11))
WARM_S = 0.2
"""of each run is thrown away: the networks start out of their stationary state"""


@dataclass(frozen=True)
class Study:
    """One network; ``seconds`` are those that count."""

    workload: str
    title: str
    seconds: float
    parts: dict[str, tuple[int, int]] = field(repr=False)
    """each population's first neuron, and one past its last"""
    peers: tuple[str, ...] = ("brian2", "nest")
    same_s: float = 2.0
    """length of the runs of one and the same drawn network"""


def _halves(p):
    return {"exc": (0, p.n_exc), "inh": (p.n_exc, p.n)}


def _layers():
    first = microcircuit.scaled(0.1).first
    return dict(zip(microcircuit.NAMES, pairwise(map(int, first)), strict=True))


STUDIES = (
    Study("cuba", "CUBA", 2.0, _halves(CUBA), same_s=5.0),
    Study("coba", "COBA", 1.0, _halves(COBA), same_s=2.0),
    Study("brunel", "Brunel", 1.0, _halves(BRUNEL), same_s=1.0),
    Study("microcircuit", "Microcircuit at 10 %", 4.0, _layers(), ("nest",), same_s=8.0),
)
