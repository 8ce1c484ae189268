"""Encoders at their sensor: what becomes of each reading before it reaches the tick."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from neuroloop.core.errors import PartError
from neuroloop.core.message import nothing
from neuroloop.core.ports import Counting, Stateful, Transducer
from neuroloop.core.values import Reading, SourceSpec, Spikes
from neuroloop.runtime.boundary import blame
from neuroloop.runtime.feed import Feed


@dataclass(frozen=True)
class Transducing:
    """One transducer with the ring that it fills."""

    name: str
    """of the encoder"""
    part: Transducer
    feed: Feed

    @property
    def latency_us(self) -> int:
        """How much later than its sensor's readings its spikes are due."""
        return self.part.latency_us

    def take(self, reading: Reading, dt_us: int) -> None:
        """Send the spikes of one reading."""
        try:
            spikes = self.part.transduce(reading)
            if not isinstance(spikes, Spikes):
                given = type(spikes).__name__
                raise PartError(f'encoder "{self.name}" returned {given}, not Spikes')  # noqa: TRY301
            self.feed.spikes(spikes, dt_us)
        except Exception as error:
            blame("encoder", self.name, error)


def rehearse(part: Transducer, spec: SourceSpec) -> None:
    """Have a reading transduced and forgotten, so that nothing is compiled in the first round."""
    if isinstance(part, Stateful):
        state = part.snapshot()
        part.transduce(nothing(spec))
        part.restore(state)


def counts(part: object) -> Mapping[str, int]:
    """Return what a part counts, nothing where it counts nothing."""
    return part.counts if isinstance(part, Counting) else {}


def counted(source: object, transducing: Sequence[Transducing]) -> dict[str, int]:
    """Return what a sensor and its encoders count, together; those of an encoder say whose."""
    found = dict(counts(source))
    for one in transducing:
        found |= {f"{one.name}: {what}": n for what, n in counts(one.part).items()}
    return found
