"""A sensor with the ring it fills: `poll` moves what it has into the ring."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import cast

from neuroloop.core.ports import Finite, Source
from neuroloop.core.values import SourceSpec, Spikes
from neuroloop.runtime.boundary import blame, check_reading
from neuroloop.runtime.feed import Feed
from neuroloop.runtime.transducing import Transducing, counted


@dataclass
class OpenSource:
    """One open sensor."""

    spec: SourceSpec
    part: Source
    feed: Feed
    dt_us: int
    hosted: bool = False
    """whether a process of its own fills the ring"""
    declared: bool = True
    """whether its latency is known; a live run measures it where it is not"""
    again: Callable[[], Source] | None = None
    """closes it and opens it anew"""
    transducing: list[Transducing] = field(default_factory=list)
    """its encoders that work here; of a hosted one they only say how late their spikes are due"""
    told: Callable[[], Mapping[str, int]] | None = None
    """of a hosted one: what its process counted"""
    readings: int = 0
    """that were put into the ring"""
    newest_us: int = 0
    """stamp of the last of them"""

    @property
    def feeds(self) -> tuple[Feed, ...]:
        """Its own and those of its encoders that work at it."""
        return (self.feed, *(one.feed for one in self.transducing))

    def poll(self, until_us: int) -> None:
        """Put every reading stamped before ``until_us`` into the ring."""
        try:
            for reading in self.part.read(until_us):
                check_reading(self.spec, reading)
                if isinstance(reading, Spikes):
                    self.feed.spikes(reading, self.dt_us)
                    self.newest_us = int(reading.t_us[-1]) if len(reading.t_us) else self.newest_us
                else:
                    self.feed.reading(reading)
                    self.newest_us = reading.t_us
                for one in self.transducing:
                    one.take(reading, self.dt_us)
                self.readings += 1
        except Exception as error:
            blame("sensor", self.spec.name, error)

    def reopen(self) -> None:
        """Close it and open it anew."""
        if self.again is not None:
            try:
                self.part = self.again()
            except Exception as error:
                blame("sensor", self.spec.name, error)

    @property
    def counts(self) -> Mapping[str, int]:
        """What it and its encoders counted, by what it is in words."""
        return self.told() if self.told is not None else counted(self.part, self.transducing)

    @property
    def ended(self) -> bool:
        """Whether it is a file whose last reading has entered a tick."""
        if not (self.recorded and cast("Finite", self.part).ended):
            return False
        return all(feed.ring.empty for feed in self.feeds)

    @cached_property  # looking at a protocol takes longer than a tick
    def recorded(self) -> bool:
        """Whether it is a file, which can be read ahead of its time."""
        return isinstance(self.part, Finite)
