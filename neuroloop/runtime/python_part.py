"""Parts in plain Python: they run outside the tick, behind a ring, and act one tick later.

They are slower and a live tick never waits for them; in every other way they are parts like any
other, and under the step clock they are exactly as repeatable.
"""

from dataclasses import dataclass

from neuroloop.core.errors import NeuroloopError
from neuroloop.core.message import Kind, Message, reading_of, spikes_of
from neuroloop.core.ports import Decoder, Encoder
from neuroloop.core.values import Motion, SourceSpec, Spikes, Tick
from neuroloop.runtime.feed import Feed
from neuroloop.runtime.source import failed


@dataclass(frozen=True)
class PythonEncoder:
    """Sees each reading that entered a tick; its spikes enter the next."""

    name: str
    part: Encoder
    source: SourceSpec
    source_port: int
    feed: Feed

    def take(self, tick: Tick, entered: list[Message], left: list[Message]) -> None:
        """Encode the readings of its sensor."""
        del left
        for message in entered:
            if message.kind is Kind.READING and message.port == self.source_port:
                reading = reading_of(self.source, message)
                try:
                    spikes = self.part.encode(reading, tick)
                except NeuroloopError:
                    raise
                except Exception as error:
                    raise failed("encoder", self.name, error) from error
                self.feed.spikes(spikes, tick.dt_us)


@dataclass(frozen=True)
class PythonDecoder:
    """Sees the spikes of each tick; its motion reaches the guard in the next."""

    name: str
    part: Decoder
    outlet: int
    feed: Feed

    def take(self, tick: Tick, entered: list[Message], left: list[Message]) -> None:
        """Decode the spikes of its population."""
        del entered
        for message in left:
            if message.kind is Kind.SPIKES and message.port == self.outlet:
                motion = self._decode(spikes_of(message), tick)
                if motion is not None:
                    self.feed.reading(motion)

    def _decode(self, spikes: Spikes, tick: Tick) -> Motion | None:
        try:
            return self.part.decode(spikes, tick)
        except NeuroloopError:
            raise
        except Exception as error:
            raise failed("decoder", self.name, error) from error
