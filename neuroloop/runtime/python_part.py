"""Parts in plain Python: they run outside the tick, behind a ring, and act one tick later.

They are slower and a live tick never waits for them; in every other way they are parts like any
other, and under the step clock they are exactly as repeatable.
"""

from dataclasses import dataclass

import numpy as np

from neuroloop.core.errors import PartError
from neuroloop.core.message import Kind, Message, reading_of, spikes_of
from neuroloop.core.ports import Decoder, Encoder
from neuroloop.core.values import Motion, Reading, SourceSpec, Spikes, Tick
from neuroloop.runtime.boundary import blame
from neuroloop.runtime.feed import Feed


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
                    self.feed.spikes(self._encode(reading, tick), tick.dt_us)
                except Exception as error:
                    blame("encoder", self.name, error)

    def _encode(self, reading: Reading, tick: Tick) -> Spikes:
        spikes = self.part.encode(reading, tick)
        if not isinstance(spikes, Spikes):
            raise PartError(f'encoder "{self.name}" returned {type(spikes).__name__}, not Spikes')
        return spikes


@dataclass(frozen=True)
class PythonDecoder:
    """Sees the spikes of each tick; its motion reaches the guard in the next."""

    name: str
    part: Decoder
    outlet: int
    channels: int
    feed: Feed

    def take(self, tick: Tick, entered: list[Message], left: list[Message]) -> None:
        """Decode the spikes of its population."""
        del entered
        for message in left:
            if message.kind is Kind.SPIKES and message.port == self.outlet:
                try:
                    motion = self._decode(spikes_of(message), tick)
                    if motion is not None:
                        self.feed.reading(motion)
                except Exception as error:
                    blame("decoder", self.name, error)

    def _decode(self, spikes: Spikes, tick: Tick) -> Motion | None:
        motion = self.part.decode(spikes, tick)
        if motion is not None and np.shape(motion.values) != (self.channels,):
            raise PartError(
                f'decoder "{self.name}" returned a motion of shape {np.shape(motion.values)}; '
                f"the body has {self.channels} channels"
            )
        return motion
