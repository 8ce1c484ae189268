"""What the network learns from: each word many ways, as the ear heard it, made into batches."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuroloop.bench.words.recordings import Recording
from neuroloop.core.kernel import kernel
from neuroloop.core.values import Float32s
from neuroloop.train.words import ear

WARPS = (0.82, 0.88, 0.94, 1.0, 1.06, 1.12, 1.17)
"""lengths of vocal tracts, those of small children to those of tall men"""
GAIN_DB = (-12.0, 8.0)
NOISE_DB = (-60.0, -30.0)
"""of full scale; half of the words have none"""
BEFORE_S, AFTER_S = 0.05, 0.15
"""of the quiet around a word"""
TILT_DB, BUMPS_DB = 1.0, 2.0
"""of microphone and room, standard deviations: an octave, and of each of some broad bumps"""
STRETCH = (0.8, 1.3)
MOST_TICKS = 90
"""of a word; longer ones are cut"""
_MASKED_BANDS, _MASKED_TICKS = 5, 5
"""the most neighbouring channels, and ticks, that are kept from the network at a time"""


class Heard(NamedTuple):
    """Counts of all recordings, one after the other."""

    counts: NDArray[np.uint8]
    """``uint8[bins, UNITS]``"""
    start: NDArray[np.int64]
    """the first bin of each recording, and the end of the last"""
    label: NDArray[np.int64]
    """number of the word; the number of words stands for nothing known"""


class Batch(NamedTuple):
    """Words of like length side by side."""

    x: Float32s
    """spikes of each input unit, ``float32[ticks, batch, UNITS]``"""
    label: NDArray[np.int64]
    until: NDArray[np.int64]
    """ticks of each word, with the quiet after it; what fires later does not count"""


def plain(recordings: Sequence[Recording], words: Sequence[str]) -> Heard:
    """Return recordings as they are."""
    return _together([ear.heard(_framed(r), r.rate_hz) for r in recordings], recordings, words)


def varied(
    recordings: Sequence[Recording], words: Sequence[str], rng: np.random.Generator
) -> Heard:
    """Return recordings as others might have said them, elsewhere: tract, loudness and noise."""
    heard = []
    for r in recordings:
        samples = _coloured(_framed(r), r.rate_hz, rng) * 10.0 ** (rng.uniform(*GAIN_DB) / 20.0)
        if rng.random() < 0.5:
            samples = samples + _noise(len(samples), rng)
        heard.append(
            ear.heard(samples.clip(-1, 1).astype(np.float32), r.rate_hz, rng.choice(WARPS))
        )
    return _together(heard, recordings, words)


def _framed(r: Recording) -> Float32s:
    before, after = round(BEFORE_S * r.rate_hz), round(AFTER_S * r.rate_hz)
    return np.pad(r.samples, (before, after))


def _coloured(samples: Float32s, rate_hz: int, rng: np.random.Generator) -> NDArray[np.floating]:
    """Return sound as another microphone would have taken it: tilted, with broad bumps."""
    spectrum = np.fft.rfft(samples)
    octave = np.log2(np.arange(1, len(spectrum) + 1) * (rate_hz / len(samples) / 800.0))
    gain_db = rng.normal(0.0, TILT_DB) * octave
    for centre in rng.uniform(-2.5, 2.5, 3):
        gain_db += rng.normal(0.0, BUMPS_DB) * np.exp(-(((octave - centre) / 0.6) ** 2))
    coloured: NDArray[np.float64] = np.fft.irfft(
        spectrum * 10.0 ** (gain_db.clip(-20, 20) / 20.0), len(samples)
    )
    power, was = float(np.mean(coloured**2)), float(np.mean(samples**2))
    coloured *= math.sqrt(was / max(power, 1e-20))
    return coloured


def _noise(n: int, rng: np.random.Generator) -> NDArray[np.floating]:
    """Return noise between white and brown of a random level."""
    spectrum = np.fft.rfft(rng.normal(size=n))
    spectrum *= np.arange(1, len(spectrum) + 1.0) ** -rng.uniform(0.0, 1.0)
    noise: NDArray[np.float64] = np.fft.irfft(spectrum, n)
    noise *= 10.0 ** (rng.uniform(*NOISE_DB) / 20.0) / math.sqrt(float(np.mean(noise**2)))
    return noise


def _together(
    heard: list[NDArray[np.uint8]], recordings: Sequence[Recording], words: Sequence[str]
) -> Heard:
    number = {word: k for k, word in enumerate(words)}
    start = np.cumsum([0, *(len(h) for h in heard)])
    label = np.array([number.get(r.word, len(words)) for r in recordings], np.int64)
    return Heard(np.concatenate(heard), start, label)


@kernel
def _gather(counts, first, last, offset, stretch, x):
    """Sum bins into ticks: tick t of word b holds the bins from ``offset + t * stretch`` on."""
    ticks, batch, units = x.shape
    for b in range(batch):
        for t in range(ticks):
            begin = first[b] + np.int64(np.floor(offset[b] + t * stretch[b]))
            end = first[b] + np.int64(np.floor(offset[b] + (t + 1) * stretch[b]))
            begin, end = max(begin, first[b]), min(end, last[b])
            for k in range(begin, end):
                for i in range(units):
                    x[t, b, i] += counts[k, i]


def batch(heard: Heard, chosen: NDArray[np.int64], rng: np.random.Generator | None = None) -> Batch:
    """Return the chosen words; with ``rng`` stretched, shifted and with parts left out."""
    n = len(chosen)
    first, last = heard.start[chosen], heard.start[chosen + 1]
    stretch, offset = np.full(n, float(ear.BINS)), np.zeros(n)
    if rng is not None:
        stretch = ear.BINS * rng.uniform(*STRETCH, n)
        offset = -rng.uniform(0.0, 3.0 * ear.BINS, n)
    until = np.ceil((last - first - offset) / stretch).astype(np.int64).clip(max=MOST_TICKS)
    x = np.zeros((int(until.max()), n, ear.UNITS), np.float32)
    _gather(heard.counts, first, last, offset, stretch, x)
    if rng is not None:
        _mask(x, rng)
    return Batch(x, heard.label[chosen], until)


def _mask(x: Float32s, rng: np.random.Generator) -> None:
    """Leave out a band and a moment of each word."""
    channel = np.arange(x.shape[2]) % ear.CHANNELS
    for b in range(x.shape[1]):
        low = int(rng.integers(ear.CHANNELS))
        wide = int(rng.integers(_MASKED_BANDS + 1))
        x[:, b, (channel >= low) & (channel < low + wide)] = 0
        at = int(rng.integers(len(x)))
        x[at : at + int(rng.integers(_MASKED_TICKS + 1)), b] = 0


def shuffled(heard: Heard, size: int, rng: np.random.Generator) -> list[NDArray[np.int64]]:
    """Return all words in batches of like length, in random order."""
    length = np.diff(heard.start) * rng.uniform(0.8, 1.25, len(heard.label))
    order = np.argsort(length, kind="stable")
    parts = np.array_split(order, max(len(order) // size, 1))
    return [parts[k] for k in rng.permutation(len(parts))]
