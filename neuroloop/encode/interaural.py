"""Stereo → spikes of cells that are tuned to where a sound comes from.

Two microphones ``distance_m`` apart, the left one first, hear a sound from bearing b with a delay
of ``distance_m / 343 m/s * sin(b)``: positive to the left, which hears it earlier.  The delay is
found by cross-correlation in bands (`_hearing.cross_correlation`), as in the models of Jeffress
and of Sayers and Cherry, every 5 ms over an exponential window.  It is told by ``units`` cells from
left to right, spread evenly over 180 degrees, of which each fires with

    max_rate_hz * agreement * exp(-(b - b_i)^2 / (2 width^2))

``level_units`` more are tuned alike to the difference of level, from ``level_db`` louder on the
left to as much on the right.  A delay says nothing of front and back.

Sources: L. Jeffress, "A place theory of sound localization", Journal of Comparative and
Physiological Psychology 41, 1948; B. Sayers and E. Cherry, "Mechanism of binaural fusion in the
hearing of speech", Journal of the Acoustical Society of America 29, 1957; R. Stern, G. Brown and
D. Wang, "Binaural sound localization", in Computational Auditory Scene Analysis, 2006.
"""

import math
from collections.abc import Mapping
from typing import Annotated

import numpy as np
from msgspec import Meta, Struct
from numpy.typing import NDArray

from neuroloop.core.body import Positive
from neuroloop.core.errors import ConfigError, PartError
from neuroloop.core.kernel import kernel
from neuroloop.core.ports import Site
from neuroloop.core.values import Float32s, Int64s, Reading, Sound, Spikes
from neuroloop.encode._hearing import gammatone as bank
from neuroloop.encode._hearing.clean_sound import Cleaner
from neuroloop.encode._hearing.cross_correlation import (
    AGREEMENT,
    DELAY,
    LEVEL,
    PIECE,
    POWER,
    estimate,
    multiply,
)
from neuroloop.encode._hearing.sound_clock import SoundClock, sample_rate

SPEED_MPS = 343.0
"""of sound, at 20 degrees Celsius"""
_LOOK_S = 0.005
_CUTOFF = 0.1
"""of the lowest band's frequency"""
_GOLDEN = 0.6180339887


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[encoder.NAME]`` with ``kind = "interaural"``."""

    input: str
    distance_m: Annotated[float, Meta(ge=0.01, le=1)] = 0.18
    """between the microphones, the first channel on the left"""
    units: Annotated[int, Meta(ge=2, le=361)] = 37
    """cells of direction"""
    width_deg: Positive = 10.0
    level_units: Annotated[int, Meta(ge=0, le=101)] = 0
    """cells of the difference of level"""
    level_db: Positive = 20.0
    bands: Annotated[int, Meta(ge=1, le=bank.LANES)] = 16
    low_hz: Positive = 200.0
    high_hz: Positive = 2000.0
    """higher ones repeat within the delays that the ears allow"""
    window_ms: Positive = 25.0
    threshold_db: Annotated[float, Meta(ge=-120, le=0)] = -60.0
    """power below which there is no direction; that of the loudest square wave is 0"""
    max_rate_hz: Annotated[float, Meta(gt=0, le=200)] = 200.0


@kernel
def listen(ears, k, z, past, products, powers, agreement, phase, tuned, law, place, stamp, unit):
    """Run over ``ears`` (``float32[2, n]``); return how many spikes there were.

    ``place[0]`` counts samples since the last look, ``place[1]`` is the number of the first sample.
    ``tuned`` is each cell's bearing in rad, then each cell's level in dB.  ``law``: samples between
    two looks, what is kept of the window at each, samples in the window, rad for a sample of delay,
    power that is heard, rate a look, widths in rad and dB, cells of direction.
    """
    n, found, start = ears.shape[1], 0, 0
    look, last = np.int64(law[0]), place[1]
    seen = np.zeros(4, np.float32)
    while start < n:
        m = min(PIECE, n - start, look - place[0])
        multiply(ears[:, start : start + m], k, z, past, products, powers)
        start += m
        place[0] += m
        if place[0] < look:
            continue
        place[0] = 0
        estimate(products, powers, law[2], agreement, seen)
        for j in range(products.size):
            products[j] *= law[1]
        for j in range(powers.size):
            powers[j] *= law[1]
        sine = min(max(seen[DELAY] * law[3], np.float32(-1)), np.float32(1))
        bearing, sure = np.arcsin(sine), max(seen[AGREEMENT], np.float32(0))
        for i in range(tuned.size):
            direction = i < np.int64(law[8])
            off = (bearing - tuned[i]) / law[6] if direction else (seen[LEVEL] - tuned[i]) / law[7]
            if seen[POWER] >= law[4]:
                sureness = sure if direction else np.float32(1)
                phase[i] += law[5] * sureness * np.exp(np.float32(-0.5) * off * off)
            if phase[i] >= 1:
                phase[i] -= np.float32(1)
                stamp[found], unit[found] = last + start - 1, i
                found += 1
    return found


class Interaural:
    """Two ears' delay and level; keeps its window from block to block."""

    def __init__(self, config: Config, site: Site) -> None:
        self._name = site.name
        self._rate_hz = sample_rate(site.source, site, "interaural")
        samples, ears = site.source.shape  # type: ignore[union-attr]
        if ears != 2:
            raise ConfigError(
                f'encoder "{site.name}": interaural needs a sensor of 2 channels; this has {ears}'
            )
        if not config.low_hz < config.high_hz < self._rate_hz / 2:
            raise ConfigError(
                f'encoder "{site.name}": `high_hz`: {config.high_hz:g} must be above low_hz'
                f" ({config.low_hz:g}) and below half of the sample rate ({self._rate_hz / 2:g})"
            )
        self.latency_us = math.ceil(samples * 1e6 / self._rate_hz)
        self._look = max(round(_LOOK_S * self._rate_hz), 1)
        self._tuned = _tuned(config)
        self.units = len(self._tuned)
        self.bearing_rad = _bearings(config)
        self.capacity = self._most(samples + math.ceil(site.dt_us * 1e-6 * self._rate_hz))
        self._law = _law(config, self._rate_hz, self._look)
        centre_hz = bank.centres_hz(config.low_hz, config.high_hz, config.bands)
        self._k = bank.coefficients(centre_hz, self._rate_hz)
        most = math.ceil(config.distance_m / SPEED_MPS * self._rate_hz) + 1
        self._delays = 2 * most + 1
        self._agreement = np.zeros(self._delays, np.float32)
        self._clock = SoundClock(self._rate_hz)
        self._place = np.zeros(2, np.int64)
        past = 2 * (self._delays - 1 + PIECE) * bank.LANES
        sizes = (2 * bank.STATE, past, self._delays * bank.LANES, 2 * bank.LANES, self.units)
        self._state = np.zeros(sum(sizes) + 2, np.float32)
        parts = np.split(self._state, np.cumsum(sizes))
        self._z, past_of, self._products, self._powers, self._phase, mean = parts
        self._past = past_of.reshape(2, -1)
        self._phase[:] = np.arange(self.units) * _GOLDEN % 1.0  # so that they do not fire in step
        self._cleaner = Cleaner(mean, _CUTOFF * config.low_hz, self._rate_hz)
        self._listen(np.empty((0, 2), np.float32), 0)  # compiles, before the first sound

    @property
    def counts(self) -> Mapping[str, int]:
        """What it met that was no sound."""
        return {
            "samples that were no number or beyond -1...1": self._cleaner.wrong,
            "blocks of another sample rate": self._clock.strange,
        }

    def transduce(self, reading: Reading) -> Spikes:
        """Return the spikes of one block.

        Raises
        ------
        PartError
            Where it is no stereo sound, or not as the sensor declared it.
        """
        if not isinstance(reading, Sound) or reading.samples.shape[1:] != (2,):
            raise PartError(f'encoder "{self._name}" hears 2 channels of sound only')
        stamp, unit = self._listen(reading.samples, self._clock.take(reading))
        return Spikes(self._clock.times_us(stamp), unit)

    def _listen(self, samples: Float32s, first: int) -> tuple[Int64s, NDArray[np.uint32]]:
        """Return number of the sample and unit of each spike."""
        most = self._most(len(samples))
        stamp, unit = np.empty(most, np.int64), np.empty(most, np.uint32)
        self._place[1] = first
        arrays = (self._k, self._z, self._past, self._products, self._powers, self._agreement)
        cells = (self._phase, self._tuned, self._law, self._place, stamp, unit)
        found = listen(self._cleaner.clean(samples), *arrays, *cells)
        return stamp[:found], unit[:found]

    def snapshot(self) -> bytes:
        """Return filters, window, cells and the place in time."""
        return self._clock.state() + self._place.tobytes() + self._state.tobytes()

    def restore(self, state: bytes) -> None:
        """Go back to a snapshot.

        Raises
        ------
        PartError
            Where it is of an encoder of other settings.
        """
        clock, place = self._clock.BYTES, self._clock.BYTES + self._place.nbytes
        if len(state) != place + self._state.nbytes:
            raise PartError(f'encoder "{self._name}": the state is of one with other settings')
        self._clock.restore(state[:clock])
        self._place[:] = np.frombuffer(state[clock:place], np.int64)
        self._state[:] = np.frombuffer(state, np.float32, offset=place)

    def _most(self, samples: int) -> int:
        """Return the most spikes of ``samples`` in a row."""
        return self.units * (samples // self._look + 1)


def build(config: Config, site: Site) -> Interaural:
    """Return a transducer of `Sound` of two channels."""
    return Interaural(config, site)


def _tuned(config: Config) -> Float32s:
    bearing = np.linspace(math.pi / 2, -math.pi / 2, config.units)
    return np.concatenate([bearing, _levels(config)]).astype(np.float32)


def _levels(config: Config) -> Float32s:
    return np.linspace(config.level_db, -config.level_db, config.level_units, dtype=np.float32)


def _bearings(config: Config) -> Float32s:
    """Return where each unit looks; the cells of level to their side, in proportion."""
    sides = _levels(config) / config.level_db * math.pi / 2
    return np.concatenate([_tuned(config)[: config.units], sides]).astype(np.float32)


def _law(config: Config, rate_hz: int, look: int) -> Float32s:
    keep = math.exp(-look / rate_hz / (config.window_ms * 1e-3))
    level_width = 2.0 * config.level_db / max(config.level_units - 1, 1)
    law = (
        look,
        keep,
        look / (1.0 - keep),
        SPEED_MPS / (config.distance_m * rate_hz),
        10.0 ** (config.threshold_db / 10.0),
        config.max_rate_hz * look / rate_hz,
        math.radians(config.width_deg),
        level_width,
        config.units,
    )
    return np.array(law, np.float32)
