"""Sound → spikes as in the inner ear: a bank of filters, compression, fibres that fire.

Each ear has ``channels`` gammatone filters from ``low_hz`` to ``high_hz``
(`_hearing.gammatone`).  A constant is taken out first.  The positive half of a filter's output y
drives a leaky integrate-and-fire fibre (`_hearing.auditory_nerve`):

    I = max(y, 0) ^ compression * gain

with the gain at which a tone of ``threshold_db`` at a channel's own frequency drives it to the
threshold, on the mean.  Louder by 20 dB is twice the drive at a compression of 0.3.  With
``onsets``, each channel has two more units, which say when it got louder and when softer.

Units: fibres of the first ear from low to high, of the second ear, ...; then the onset units of all
ears, then the offset units, in the same order.  A spike is stamped to the sample.

Sources: R. Meddis and E. Lopez-Poveda, "Auditory periphery: from pinna to auditory nerve", in
Computational Models of the Auditory System, 2010; B. Fontaine, D. Goodman, V. Benichoux and
R. Brette, "Brian hears", Frontiers in Neuroinformatics 5:9, 2011; for onsets A. van Schaik and
S.-C. Liu, "AER EAR: a matched silicon cochlea pair with address event representation interface",
ISCAS, 2005, and F. Corradi and G. Indiveri, "A neuromorphic event-based neural recording system",
IEEE Transactions on Biomedical Circuits and Systems 9(5), 2015.
"""

import math
from collections.abc import Mapping
from typing import Annotated

import numpy as np
from msgspec import Meta, Struct
from numpy.typing import NDArray

from neuroloop.core.body import NotNegative, Positive
from neuroloop.core.errors import ConfigError, PartError
from neuroloop.core.kernel import kernel
from neuroloop.core.ports import Site
from neuroloop.core.values import Float32s, Int64s, Reading, Sound, Spikes
from neuroloop.encode._hearing import gammatone as bank
from neuroloop.encode._hearing.auditory_nerve import EDGE, FIBRE, collect, edge_group, fire_group
from neuroloop.encode._hearing.clean_sound import Cleaner
from neuroloop.encode._hearing.gammatone import LANES, filter_group
from neuroloop.encode._hearing.power_law import compress
from neuroloop.encode._hearing.sound_clock import SoundClock, sample_rate

_PIECE = 64
"""samples that are filtered before the fibres look at them, so that all stays in the cache"""
_HIGHEST_HZ, _HIGHEST = 8000.0, 0.45
"""where nothing else is said: of the channels, and of the sample rate"""
_CUTOFF = 0.1
"""of the lowest channel's frequency: what is lower by so much is no sound"""
_CYCLES = 1.5
"""of a channel's own frequency over which loudness is smoothed at least"""


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[encoder.NAME]`` with ``kind = "cochlea"``."""

    input: str
    channels: Annotated[int, Meta(ge=1, le=1024)] = 64
    """of each ear"""
    low_hz: Positive = 60.0
    high_hz: Positive | None = None
    """left out, 0.45 of the sample rate, at most 8,000"""
    compression: Annotated[float, Meta(ge=0.1, le=1)] = 0.3
    """exponent of the power law; 1 is none"""
    threshold_db: Annotated[float, Meta(ge=-100, le=0)] = -60.0
    """level of the softest tone that makes a channel fire; 0 is the loudest there is"""
    tau_m_ms: Positive = 10.0
    refractory_ms: NotNegative = 1.0
    onsets: bool = False
    """add units for onsets and offsets"""
    onset_step: Annotated[float, Meta(ge=0.001, le=1)] = 0.05
    """change of loudness that is told; the loudest tone is 1"""
    onset_tau_ms: Positive = 8.0
    """over which loudness is smoothed; longer for low channels"""


@kernel
def hear(ears, k, z, fibre, edge, drive, hit, smooth, law, stamp, unit, unit_of, first):
    """Run the cells over ``ears`` (``float32[ears, n]``); return how many spikes there were.

    ``law``: exponent, log2 of the gain, keep, hold, step of onsets (0: none).
    """
    n, found, all_groups = ears.shape[1], 0, z.size // bank.STATE
    per_ear = all_groups // ears.shape[0]
    lanes, stride = all_groups * LANES, hit.size // _PIECE
    for start in range(0, n, _PIECE):
        m = min(_PIECE, n - start)
        part = drive[: m * LANES]
        for g in range(all_groups):
            ear, of = g // per_ear, g % per_ear
            filter_group(
                ears[ear][start : start + m],
                k[of * bank.COEFFICIENTS : (of + 1) * bank.COEFFICIENTS],
                z[g * bank.STATE : (g + 1) * bank.STATE],
                part,
            )
            compress(part, law[0], law[1])
            cells = fibre[g * FIBRE : (g + 1) * FIBRE]
            fire_group(part, cells, law[2], law[3], hit[g * LANES :], stride)
            if law[4] > 0:
                cells = edge[g * EDGE : (g + 1) * EDGE]
                up, down = hit[lanes + g * LANES :], hit[2 * lanes + g * LANES :]
                taus = smooth[of * LANES : (of + 1) * LANES]
                edge_group(part, cells, taus, law[4], law[3], up, down, stride)
        found = collect(hit, m, stride, unit_of, first + start, stamp, unit, found)
    return found


class Cochlea:
    """One or more ears; keeps its filters' state from block to block."""

    def __init__(self, config: Config, site: Site) -> None:
        rate_hz = sample_rate(site.source, site, "cochlea")
        samples, ears = site.source.shape  # type: ignore[union-attr]
        self.centre_hz = _centres(config, rate_hz, site)
        """``float64[channels]``, the same for each ear"""
        self._name, self._rate_hz, self._ears = site.name, rate_hz, ears
        self._clock = SoundClock(rate_hz)
        self.latency_us = math.ceil(samples * 1e6 / rate_hz)
        kinds = 3 if config.onsets else 1
        self.units = kinds * ears * config.channels
        self._hold = round(config.refractory_ms * 1e-3 * rate_hz)
        self.capacity = self._most(samples + math.ceil(site.dt_us * 1e-6 * rate_hz))
        self._law, self._smooth = _law(config, rate_hz, self._hold), _smooth(self, config)
        self._k = bank.coefficients(self.centre_hz, rate_hz)
        self._unit_of = _unit_of(config.channels, ears, kinds)
        groups = ears * bank.groups(config.channels)
        sizes = groups * np.array([bank.STATE, FIBRE, EDGE * config.onsets])
        self._state = np.zeros(sizes.sum() + ears, np.float32)
        self._z, self._fibre, self._edge, mean = np.split(self._state, sizes.cumsum())
        self._cleaner = Cleaner(mean, _CUTOFF * config.low_hz, rate_hz)
        self._drive = np.empty(_PIECE * LANES, np.float32)
        stride = -(-len(self._unit_of) // 64) * 64
        self._hit = np.zeros(_PIECE * stride, np.uint8)
        self._hear(np.empty((0, ears), np.float32), 0)  # compiles, before the first sound

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
            Where it is no sound, or not as the sensor declared it.
        """
        if not isinstance(reading, Sound) or reading.samples.shape[1:] != (self._ears,):
            raise PartError(f'encoder "{self._name}" hears {self._ears} channels of sound only')
        stamp, unit = self._hear(reading.samples, self._clock.take(reading))
        return Spikes(self._clock.times_us(stamp), unit)

    def _hear(self, samples: Float32s, first: int) -> tuple[Int64s, NDArray[np.uint32]]:
        """Return number of the sample and unit of each spike."""
        most = self._most(len(samples))
        stamp, unit = np.empty(most, np.int64), np.empty(most, np.uint32)
        arrays = (self._k, self._z, self._fibre, self._edge, self._drive, self._hit, self._smooth)
        ears = self._cleaner.clean(samples)
        found = hear(ears, *arrays, self._law, stamp, unit, self._unit_of, first)
        return stamp[:found], unit[:found]

    def snapshot(self) -> bytes:
        """Return filters, cells and the place in time."""
        return self._clock.state() + self._state.tobytes()

    def restore(self, state: bytes) -> None:
        """Go back to a snapshot.

        Raises
        ------
        PartError
            Where it is of another cochlea.
        """
        if len(state) != self._clock.BYTES + self._state.nbytes:
            raise PartError(f'encoder "{self._name}": the state is of a cochlea of other settings')
        self._clock.restore(state[: self._clock.BYTES])
        self._state[:] = np.frombuffer(state, np.float32, offset=self._clock.BYTES)

    def _most(self, samples: int) -> int:
        """Return the most spikes of ``samples`` in a row."""
        return self.units * (samples // (self._hold + 1) + 1)


def build(config: Config, site: Site) -> Cochlea:
    """Return a transducer of `Sound`."""
    return Cochlea(config, site)


def _centres(config: Config, rate_hz: int, site: Site) -> bank.Floats:
    high_hz = config.high_hz or min(_HIGHEST_HZ, _HIGHEST * rate_hz)
    if high_hz >= rate_hz / 2:
        raise ConfigError(
            f'encoder "{site.name}": `high_hz`: {high_hz:g} must be below half of the sample rate'
            f" ({rate_hz / 2:g})"
        )
    if config.low_hz >= high_hz:
        raise ConfigError(
            f'encoder "{site.name}": `low_hz`: {config.low_hz:g} must be below high_hz'
            f" ({high_hz:g})"
        )
    return bank.centres_hz(config.low_hz, high_hz, config.channels)


def mean_drive(exponent: float) -> float:
    """Return the mean of ``max(sin, 0) ** exponent`` over a cycle."""
    return math.gamma((exponent + 1) / 2) / (2 * math.sqrt(math.pi) * math.gamma(exponent / 2 + 1))


def _law(config: Config, rate_hz: int, hold: int) -> Float32s:
    """Return what `hear` wants: exponent, log2 of the gain, keep, hold, step of onsets."""
    keep = math.exp(-1e3 / (config.tau_m_ms * rate_hz))
    softest = 10.0 ** (config.threshold_db / 20.0)
    per_loudness = (1.0 - keep) / softest**config.compression
    gain = per_loudness / mean_drive(config.compression)
    step = config.onset_step * per_loudness if config.onsets else 0.0
    return np.array([config.compression, math.log2(gain), keep, hold, step], np.float32)


def _smooth(of: Cochlea, config: Config) -> Float32s:
    """Return by how much smoothed loudness follows in a sample, a lane each."""
    tau_s = np.maximum(config.onset_tau_ms * 1e-3, _CYCLES / of.centre_hz)
    lanes = np.zeros(bank.groups(config.channels) * LANES, np.float32)
    lanes[: config.channels] = -np.expm1(-1.0 / (tau_s * of._rate_hz))
    return lanes


def _unit_of(channels: int, ears: int, kinds: int) -> np.ndarray:
    """Return the unit of each lane; lanes without a channel never fire."""
    lanes = bank.groups(channels) * LANES
    unit = np.zeros((kinds * ears, lanes), np.uint32)
    unit[:, :channels] = np.arange(kinds * ears * channels).reshape(-1, channels)
    return unit.ravel()
