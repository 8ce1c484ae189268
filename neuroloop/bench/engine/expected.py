"""Whether `neuroloop.estimate` says beforehand what networks then cost."""

from collections.abc import Iterator
from dataclasses import dataclass

from neuroloop.bench.engine import carried, timing, wiring
from neuroloop.network import Network, Population, Projection
from neuroloop.runtime.estimate import estimate
from neuroloop.runtime.simulator import Simulator

_RATE_HZ = 10.0


@dataclass(frozen=True)
class Expected:
    """A network's tick, estimated and measured."""

    network: str
    expected_us: float
    measured_us: float
    """mean over ticks, others kept out"""
    expected_bytes: int
    measured_bytes: int

    @property
    def ratio(self) -> float:
        """How many times the measured tick the expected one is."""
        return self.expected_us / self.measured_us


def measure(scale: float) -> Iterator[Expected]:
    """Yield a few networks; ``scale`` makes the largest smaller."""
    large = max(int(50_000 * scale), 2_000)
    networks = (
        ("1,000 LIF neurons, 100 synapses each", carried.network(1_000)),
        (f"{large:,} LIF neurons, 100 synapses each", carried.network(large)),
        ("three layers of 256, all to all", _layers(256)),
    )
    for name, network in networks:
        told = estimate(network, rate_hz=_RATE_HZ)
        simulator = Simulator(network)
        spent = timing.again(simulator, 200, 5).shortest_us
        yield Expected(
            name, told.us, float(spent.mean()), told.n_bytes, len(simulator.arena.memory)
        )


def _layers(n: int) -> Network:
    names = ("first", "second", "third")
    cells = tuple(Population(name, n, "poisson", {"rate_hz": _RATE_HZ}) for name in names)
    wired = wiring.random(n, n, n)
    wired = wiring.weighted(wired, wiring.small_weights(len(wired)))
    reached = tuple(Population(f"after {name}", n, "lif") for name in names)
    links = tuple(Projection(name, f"after {name}", wired, 1.0) for name in names)
    return Network((), (*cells, *reached), links)
