"""A decoder in plain Python, as a user writes one, that hangs, raises or gives nonsense."""

import time

import numpy as np
from msgspec import Struct

from neuroloop.core.ports import Site
from neuroloop.core.values import Motion, Spikes, Tick
from neuroloop.drill.parts.trigger import Trigger

_TAU_S = 0.1
_LOOK_EVERY = 10


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[decoder.NAME]``."""

    input: str
    trigger: str = "trigger"
    """a file; while it says ``hang``, ``fail`` or ``nonsense`` the decoder does so"""
    gain: float = 0.00168
    """m/s of a wheel per spike a second of a neuron"""


class Wheels:
    """Low-passes the rate of each half of its population into the speed of a wheel."""

    def __init__(self, gain: float, units: int, trigger: Trigger) -> None:
        self._gain, self._units, self._trigger = gain, units, trigger
        self._rate_hz = np.zeros(2)
        self._word = ""

    def decode(self, spikes: Spikes, tick: Tick) -> Motion:
        """Return the motion wanted after a tick."""
        if tick.index % _LOOK_EVERY == 0:
            self._word = self._trigger.word
        if self._word == "fail":
            raise RuntimeError("as the drill asked")
        while self._word == "hang":
            time.sleep(0.01)
            self._word = self._trigger.word
        dt_s = tick.dt_us / 1e6
        counts = np.bincount(spikes.unit * 2 // self._units, minlength=2)
        rate_hz = counts / (self._units / 2) / dt_s
        self._rate_hz += dt_s / _TAU_S * (rate_hz - self._rate_hz)
        values = self._gain * self._rate_hz if self._word != "nonsense" else np.full(2, np.nan)
        return Motion(tick.t_us, values.astype(np.float32))


def build(config: Config, site: Site) -> Wheels:
    """Make the decoder."""
    return Wheels(config.gain, site.units, Trigger(site.folder / config.trigger))
