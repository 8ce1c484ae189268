"""What a network is expected to cost on this machine, said before it is built.

What a neuron of a kind costs is measured once in a process, with a few thousand of them; what
synapses cost follows from their layout (`neuroloop.engine.choose`) and the constants of the machine
(`neuroloop.engine.speed`).  Measured ticks were within a factor of two of it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from neuroloop.core.errors import ConfigError
from neuroloop.engine import speed
from neuroloop.network import Network
from neuroloop.runtime.cost import Cost, Costs, Part, empty_us

_SHOWN = 12
"""parts that stand on the page, those that cost most"""


@dataclass(frozen=True)
class Estimate:
    """What a tick is expected to cost, and what the network takes; ``print`` shows a page."""

    dt_us: int
    rate_hz: float
    """at which every input and neuron is taken to fire"""
    tick_us: float
    """of a tick with nothing in it"""
    populations: tuple[Part, ...]
    projections: tuple[Part, ...]
    largest_rate_hz: float
    """up to which the tick holds; 0 where it does not even hold without a spike, the most that
    there can be (a spike a tick) where it always does"""

    @property
    def us(self) -> float:
        """Microseconds of a tick."""
        return self.tick_us + sum(p.us for p in (*self.populations, *self.projections))

    @property
    def holds(self) -> bool:
        """Whether a tick is done before the next one begins."""
        return self.us < self.dt_us

    @property
    def memory(self) -> Mapping[str, int]:
        """Bytes of the neurons, with all that waits for them, and of the synapses."""
        return {
            "neurons": sum(p.n_bytes for p in self.populations),
            "synapses": sum(p.n_bytes for p in self.projections),
        }

    @property
    def n_bytes(self) -> int:
        """Of all of it."""
        return sum(self.memory.values())

    def line(self) -> str:
        """Return it in a few words: ``about 12 us of a 20 ms tick, 0.3 MB``."""
        over = "" if self.holds else ": too much"
        return (
            f"about {self.us:.3g} us of a {self.dt_us / 1e3:g} ms tick{over}, {_mb(self.n_bytes)}"
        )

    def as_json(self) -> dict[str, Any]:
        """Return it as plain numbers, with what follows from them."""
        follows = {"us": self.us, "holds": self.holds, "memory": dict(self.memory)}
        return {**asdict(self), **follows}

    def __str__(self) -> str:  # type: ignore[explicit-override]  # `override` is of Python 3.12
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"{self.line()}, at {self.rate_hz:g} Hz a neuron"
        most = 1e6 / self.dt_us
        if self.largest_rate_hz >= most:
            yield f"the tick holds at any rate, up to {most:g} Hz: a spike a tick"
        elif self.largest_rate_hz > 0:
            yield f"the tick holds up to {self.largest_rate_hz:.3g} Hz a neuron"
        else:
            yield "the tick does not hold, however few spikes there are"
        yield ", ".join(f"{name} {_mb(n)}" for name, n in self.memory.items())
        yield f"  {'an empty tick':32} {'':>13} {self.tick_us:9.2f} us"
        for head, parts in (("neurons", self.populations), ("synapses", self.projections)):
            if parts:
                yield f"{head} {'':25} {'number':>13} {'a tick':>12} {'memory':>11}"
            for p in sorted(parts, key=lambda part: -part.us)[:_SHOWN]:
                name = f"{p.name} ({p.kind})"
                row = f"  {name:32} {p.size:13,} {p.us:9.2f} us {_mb(p.n_bytes):>11}"
                yield f"{row}  {p.note}".rstrip()
            if len(parts) > _SHOWN:
                yield f"  and {len(parts) - _SHOWN} more that cost less"


def estimate(
    network: Network,
    dt_us: int = 1000,
    rate_hz: float = speed.RATE_HZ,
    *,
    backend: str = "float",
    folder: Path = Path(),
) -> Estimate:
    """Say what a network is expected to cost on this machine, without building it.

    Parameters
    ----------
    network
        What would run.
    dt_us
        Length of a tick in microseconds.
    rate_hz
        At which every input and neuron fires.
    backend
        A file in ``neuroloop/backends``.
    folder
        Where paths of kinds (``./my_neuron.py``) start.

    Raises
    ------
    ConfigError
        Where the network cannot be built with such a tick, or no neuron can fire at such a rate.
    MachineError
        Where its neurons alone do not fit into memory.

    Examples
    --------
    >>> from neuroloop import Network, Population, estimate
    >>> found = estimate(Network(populations=(Population("cells", 1000, "lif"),)))
    >>> found.holds, found.largest_rate_hz
    (True, 1000.0)
    """
    if dt_us < 1 or dt_us != int(dt_us):
        raise ConfigError(f"dt_us is {dt_us}; a tick has a whole number of microseconds")
    most_hz = 1e6 / dt_us
    if not 0.0 <= rate_hz <= most_hz:
        raise ConfigError(
            f"a rate of {rate_hz:g} Hz; 0 to {most_hz:g}, one spike in a tick of {dt_us} us, is "
            "wanted"
        )
    found = Costs(network, int(dt_us), backend, folder)
    populations = [found.population(p) for p in found.network.populations]
    projections = [found.projection(j) for j in found.network.projections]
    tick_us = empty_us(backend, folder)

    def total_us(hz: float) -> float:
        return tick_us + sum(cost(hz) for cost, _ in (*populations, *projections))

    return Estimate(
        *(int(dt_us), float(rate_hz), tick_us),
        tuple(replace(part, us=cost(rate_hz)) for cost, part in populations),
        tuple(replace(part, us=cost(rate_hz)) for cost, part in projections),
        _largest(total_us, dt_us, most_hz),
    )


def _largest(total_us: Cost, dt_us: int, most_hz: float) -> float:
    """Return the largest rate at which a tick holds."""
    if total_us(0.0) >= dt_us:
        return 0.0
    low, high = 0.0, most_hz
    if total_us(high) < dt_us:
        return most_hz
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if total_us(middle) < dt_us else (low, middle)
    return low


def _mb(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:,.1f} MB" if n_bytes >= 1e5 else f"{n_bytes / 1e3:,.1f} kB"
