"""A sensor with the ring it fills: `poll` moves what it has into the ring."""

from collections.abc import Sequence
from dataclasses import dataclass

from neuroloop.core.errors import NeuroloopError, PartError
from neuroloop.core.ports import Finite, Source
from neuroloop.core.values import Reading, SourceSpec, Spikes
from neuroloop.runtime.feed import Feed


@dataclass(frozen=True)
class OpenSource:
    """One open sensor."""

    spec: SourceSpec
    part: Source
    feed: Feed
    dt_us: int

    def poll(self, until_us: int) -> None:
        """Put every reading stamped before ``until_us`` into the ring."""
        for reading in self._read(until_us):
            if isinstance(reading, Spikes):
                self.feed.spikes(reading, self.dt_us)
            else:
                self.feed.reading(reading)

    def _read(self, until_us: int) -> Sequence[Reading]:
        try:
            return self.part.read(until_us)
        except NeuroloopError:
            raise
        except Exception as error:
            raise failed("sensor", self.spec.name, error) from error

    @property
    def ended(self) -> bool:
        """Whether it is a file whose last reading has entered a tick."""
        return isinstance(self.part, Finite) and self.part.ended and self.feed.ring.empty

    @property
    def recorded(self) -> bool:
        """Whether it is a file, which can be read ahead of its time."""
        return isinstance(self.part, Finite)


def failed(role: str, name: str, error: Exception) -> PartError:
    """Say which part raised, what, and where in its file."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    at = f" ({trace.tb_frame.f_code.co_filename}:{trace.tb_lineno})" if trace else ""
    return PartError(f'{role} "{name}" failed: {type(error).__name__}: {error}{at}')
