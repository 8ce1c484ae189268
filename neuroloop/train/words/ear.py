"""Recordings as the cochlea of the run files hears them: counts of spikes in short bins."""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroloop.core.ports import Site
from neuroloop.core.values import Float32s, Sound, SourceSpec
from neuroloop.encode import cochlea

CHANNELS, KINDS = 32, 3
UNITS = CHANNELS * KINDS
"""fibres, then onset, then offset units"""
LOW_HZ, HIGH_HZ = 120.0, 3700.0
SETTINGS: dict[str, Any] = {
    "channels": CHANNELS,
    "threshold_db": -50.0,
    "onsets": True,
    "onset_step": 0.04,
}
"""beside `LOW_HZ` and `HIGH_HZ`; the run files say the same"""
TICK_US = 10_000
BINS = 4
"""a tick: recordings are heard once and shifted or stretched by bins"""
_BIN_US = TICK_US // BINS


@cache
def _ear(rate_hz: int, warp: float) -> tuple[cochlea.Cochlea, bytes]:
    """Return an ear and what it is before it has heard anything."""
    spec = SourceSpec("words", Sound, (rate_hz // 100, 1), 100.0)
    site = Site("ear", 0, TICK_US, source=spec)
    high_hz = min(HIGH_HZ * warp, 0.498 * rate_hz)
    config = cochlea.Config("words", low_hz=LOW_HZ * warp, high_hz=high_hz, **SETTINGS)
    ear = cochlea.build(config, site)
    return ear, ear.snapshot()


def heard(samples: Float32s, rate_hz: int, warp: float = 1.0) -> NDArray[np.uint8]:
    """Return how often each unit fires in each bin, ``uint8[bins, UNITS]``.

    ``warp`` multiplies the frequencies that the ear listens at: a voice is heard as one whose vocal
    tract is longer by so much.
    """
    ear, fresh = _ear(rate_hz, warp)
    ear.restore(fresh)
    n = len(samples)
    spikes = ear.transduce(Sound((n - 1) * 1_000_000 // rate_hz, samples[:, None], rate_hz))
    bins = -(-n * 1_000_000 // rate_hz // _BIN_US) + 1
    at = np.clip(spikes.t_us // _BIN_US, 0, bins - 1) * UNITS + spikes.unit
    counts = np.bincount(at, minlength=bins * UNITS)
    return counts.astype(np.uint8).reshape(bins, UNITS)
