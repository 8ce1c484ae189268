"""When each sample of a stream of blocks was taken, to the same microsecond however it is cut."""

import struct

from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Site
from neuroloop.core.values import Int64s, Sound, SourceSpec

_US = 1_000_000


class SoundClock:
    """Counts samples from an anchor; a `Sound` is stamped with the time of its last sample.

    Sample k after the anchor was taken ``k / rate`` later, rounded down to a whole microsecond.
    A block that is stamped otherwise, after a gap or as a device's clock drifts, is a new anchor.
    """

    BYTES = 24
    """of its state"""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self.anchor_us = self.count = 0
        self.started = False
        self.strange = 0
        """blocks that say that they were sampled at another rate"""

    def take(self, sound: Sound) -> int:
        """Count a block; returns the number of its first sample since the anchor."""
        n = len(sound.samples)
        if n == 0:
            return 0
        self.strange += round(sound.rate_hz) != self._rate_hz
        early_us = sound.t_us - self._time(self.count + n - 1)
        if not (self.started and 0 <= early_us <= 1):
            self.started, self.count = True, 0
            self.anchor_us = sound.t_us - (n - 1) * _US // self._rate_hz
        first = self.count
        self.count += n
        return first

    def _time(self, sample: int) -> int:
        return self.anchor_us + sample * _US // self._rate_hz

    def times_us(self, sample: Int64s) -> Int64s:
        """Return the run time of samples counted from the anchor, ``int64[n]``."""
        times: Int64s = self.anchor_us + sample * _US // self._rate_hz
        return times

    def state(self) -> bytes:
        """Return where it is."""
        return struct.pack("<3q", self.anchor_us, self.count, self.started)

    def restore(self, state: bytes) -> None:
        """Go back."""
        self.anchor_us, self.count, self.started = struct.unpack("<3q", state)


def sample_rate(source: SourceSpec | None, site: Site, kind: str) -> int:
    """Return the samples a second of the sensor that an encoder is to hear.

    Raises
    ------
    ConfigError
        Where it is no sensor of sound, or its rate is not known.
    """
    if source is None or source.reading is not Sound:
        raise ConfigError(f'encoder "{site.name}": {kind} needs a sensor of sound as its input')
    rate_hz = round(source.rate_hz * source.shape[0])
    if rate_hz <= 0:
        raise ConfigError(
            f'encoder "{site.name}": {kind} needs to know the sample rate of "{source.name}"'
        )
    return rate_hz
