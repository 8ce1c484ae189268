"""The whole bench of the engine, part after part."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from neuroloop.bench.engine import carried, expected, layouts, limits, small, start
from neuroloop.bench.engine.carried import Carried
from neuroloop.bench.engine.expected import Expected
from neuroloop.bench.engine.layouts import LayoutCost
from neuroloop.bench.engine.limits import Limits
from neuroloop.bench.engine.machine import Machine, Neighbours, Quiet, machine
from neuroloop.bench.engine.small import QuietMillion, SmallTick
from neuroloop.bench.engine.start import Starts

TICKS_US = (1000, 100)
Say = Callable[[str], None]


@dataclass(frozen=True)
class Budget:
    """How thorough it is."""

    search_s: float
    """to look for the largest network that holds a tick, for each length of tick"""
    layouts_scale: float
    elements: int
    """of the arrays that the machine's limits are measured with"""
    calls: int
    cold: bool
    """whether a start without kernels on disk is measured"""

    @classmethod
    def of(cls, seconds: float) -> "Budget":
        """Return the most thorough one that takes about so long, once kernels are compiled."""
        share = min(seconds / 60.0, 4.0)
        return cls(
            search_s=9.0 * share,
            layouts_scale=min(1.0, max(0.1, share)),
            elements=1 << (24 if share >= 0.5 else 22),
            calls=int(min(max(20_000 * share, 2_000), 50_000)),
            cold=share >= 0.5,
        )


@dataclass(frozen=True)
class EngineCost:
    """What was found."""

    machine: Machine
    quiet: Quiet
    limits: Limits
    carried: Sequence[Carried]
    layouts: Sequence[LayoutCost]
    expected: Sequence[Expected]
    """what `neuroloop.estimate` said of a few networks, and what they cost"""
    small_tick: SmallTick
    million: QuietMillion | None
    """None where the kind of neuron cannot leave out those that nothing reached"""
    starts: Starts

    @property
    def events_per_s(self) -> dict[str, float]:
        """The most synaptic events a second of each layout, whatever the shape."""
        names = dict.fromkeys(cost.layout for cost in self.layouts)
        return {n: max(c.events_per_s for c in self.layouts if c.layout == n) for n in names}

    @property
    def well_chosen(self) -> tuple[int, int]:
        """In how many shapes the layout chosen was the fastest, or near it; and of how many."""
        chosen = [cost for cost in self.layouts if cost.chosen]
        return sum(cost.fastest for cost in chosen), len(chosen)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain numbers."""
        return {**asdict(self), "events_per_s": self.events_per_s}


def measure(budget: Budget, say: Say = lambda _: None) -> EngineCost:
    """Measure everything; ``say`` is told what comes next."""
    neighbours = Neighbours()
    say("what the machine itself can do")
    found = limits.measure(budget.elements)
    say("small ticks")
    tick, million = small.measure(budget.calls), small.quiet(200)
    networks = []
    for dt_us in TICKS_US:
        say(f"the largest network that holds a tick of {dt_us} us")
        networks.append(carried.measure(dt_us, budget.search_s))
    costs: list[LayoutCost] = []
    for cost in layouts.measure(budget.layouts_scale):
        if not costs or costs[-1].shape != cost.shape:
            say(f"layouts of synapses: {cost.shape}")
        costs.append(cost)
    say("estimates")
    told = list(expected.measure(budget.layouts_scale))
    say("start" + (", first with nothing on disk" if budget.cold else ""))
    starts = start.measure(cold=budget.cold)
    return EngineCost(
        *(machine(), neighbours.seen(), found, networks, costs, told, tick, million, starts)
    )
