"""A sensor of two numbers that drive the two wheels, and that fails in the ways sensors do."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from neuroloop.core.body import Positive
from neuroloop.core.ports import Site
from neuroloop.core.values import Scalars, SourceSpec
from neuroloop.drill.parts.trigger import Trigger

_LEFT, _RIGHT, _WOBBLE = 0.79, 0.99, 0.01
_FAST, _BURST = 10, 400


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[sensor.NAME]``."""

    trigger: str = "trigger"
    """a file; while it says ``silent``, ``raise``, ``repeat``, ``nan``, ``out``, ``fast`` or
    ``burst`` the sensor does so"""
    rate_hz: Positive = 50.0


class Pulse:
    """Its numbers wobble, so that no two readings are the same."""

    def __init__(self, spec: SourceSpec, trigger: Trigger) -> None:
        self._spec, self._trigger = spec, trigger
        self._period_us = round(1e6 / spec.rate_hz)
        self._next = 0
        self._last = np.array([_LEFT, _RIGHT], np.float32)

    @property
    def spec(self) -> SourceSpec:
        """What it yields."""
        return self._spec

    def read(self, until_us: int) -> Sequence[Scalars]:
        """Return what is stamped before ``until_us`` and was not returned before."""
        found: list[Scalars] = []
        while (t_us := self._next * self._period_us) < until_us:
            found += self._readings(t_us)
            self._next += 1
        return found

    def _readings(self, t_us: int) -> list[Scalars]:
        """Return those of one period, stamped from ``t_us`` on."""
        word = self._trigger.word
        if word == "silent":
            return []
        if word == "raise":
            raise RuntimeError("as the drill asked")
        if word == "repeat":
            return [Scalars(t_us, self._last.copy())]
        if word in ("nan", "out"):
            wrong = np.nan if word == "nan" else 1e6
            return [Scalars(t_us, np.full(2, wrong, np.float32))]
        n = {"fast": _FAST, "burst": _BURST}.get(word, 1)
        return [Scalars(t_us + k, self._wobbled(k)) for k in range(n)]

    def _wobbled(self, k: int) -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
        by = _WOBBLE * np.sin(self._next + 0.1 * k)
        self._last = np.array([_LEFT + by, _RIGHT + by], np.float32)
        return self._last.copy()


def build(config: Config, site: Site) -> Pulse:
    """Make the sensor."""
    labels = ("left", "right")
    spec = SourceSpec(
        *(site.name, Scalars, (2,), config.rate_hz), low=0.0, high=1.0, labels=labels, repeats=False
    )
    return Pulse(spec, Trigger(site.folder / config.trigger))
