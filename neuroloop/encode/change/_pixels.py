"""A field of pixels: what each remembers, and one step from a picture to events in order."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroloop.core.native import aligned
from neuroloop.core.values import Float32s, Spikes, UInt8s
from neuroloop.encode.change import _crossing as crossing
from neuroloop.encode.change import _drift as drift
from neuroloop.encode.change import _emit as emit
from neuroloop.encode.change import _levels as levels
from neuroloop.encode.change import _noise as noise
from neuroloop.encode.change import _order as order
from neuroloop.encode.change import _sparing as sparing
from neuroloop.encode.change import _sweep as sweep
from neuroloop.encode.change._fuse import BURNT
from neuroloop.encode.change._lanes import PIXELS, SHARING
from neuroloop.encode.change._stamps import Span

_STEPS = 1 << 16
"""most steps of time between two frames; a step is a microsecond up to here"""
_LEAST_THRESHOLD = 0.01
_HIGH = 16.0
"""a lift after which references are set anew, as float32 gets coarse"""


@dataclass(frozen=True)
class Model:
    """How all pixels behave."""

    threshold: float
    threshold_off: float
    threshold_sigma: float
    most: int
    refractory_us: int
    cutoff_hz: float
    leak_hz: float
    leak_jitter: float
    shot_noise_hz: float
    hot_pixels: float
    hot_pixel_hz: float


@dataclass
class Lost:
    """Events that were not given, so far."""

    beyond_most: int = 0
    beyond_room: int = 0


class Pixels:
    """``n`` pixels; what changes of them is in ``state``."""

    def __init__(self, model: Model, n: int, room: int, rng: np.random.Generator) -> None:
        self.model, self.n, self.lost = model, n, Lost()
        self._drifts = model.cutoff_hz > 0 or model.leak_hz > 0
        block = drift.BLOCK if self._drifts else PIXELS
        whole = -(-n // block) * block
        self._on = _thresholds(model.threshold, model.threshold_sigma, n, whole, rng)
        self._off = _thresholds(model.threshold_off, model.threshold_sigma, n, whole, rng)
        self._thresholds = (self._on, self._off)
        self._hot = np.sort(rng.choice(n, round(n * model.hot_pixels), replace=False)).astype(
            np.uint32
        )
        self._level, self._tables = levels.levels(), levels.inverse()
        self.grey = np.zeros(whole, np.uint8)
        """of the picture that the next `step` takes, up to ``n``"""
        self.state: dict[str, NDArray[Any]] = {
            "reference": _floats(whole),
            "old": np.zeros(whole, np.uint8),
            "random": rng.integers(0, 2**64, 1, np.uint64),
            "resting": np.zeros(n if model.refractory_us else 1, np.uint8),
            "ready": np.zeros(n if model.refractory_us else 1, np.int64),
        }
        if self._drifts:
            self.state |= {"lift": np.zeros(1), "filtered": _floats(whole)}
            self.state |= {"settled": np.zeros(whole // SHARING, np.uint8)}
            self.state |= {"fuse": _floats(whole // SHARING)}
            self._previous = _floats(drift.GOALS)
            lists = ((_looks(), _looks()), (_looks(), _looks()))
            self._room = (aligned(8 * drift.GOALS).view(np.uint64), *lists, _looks())
            # for the time from frame to frame, which is mostly the same
            self._passed_us, self._goals = -1, np.empty(0, np.uint64)
        else:
            self.state["low"] = np.zeros(whole, np.uint8)
            self.state["high"] = np.full(whole, 255, np.uint8)
        # the mean rate of all pixels is to be that asked for
        self._leak = model.leak_hz / float(np.mean(1 / self._on[:n].astype(np.float64)))
        # without a sign, so that compiled code need not look for negative places
        self._active, self._n = np.empty(whole + drift.SPARE, np.uint32), 0
        self._lines = (np.empty(whole, np.int32), *(np.empty(whole, np.float32) for _ in "sp"))
        self._work = _floats(crossing.WORK)
        self._shots, self._all_noise = _noise_lists(room), _noise_lists(room)
        size = 2 * (room + emit.SPARE)
        self._place, self._unit = np.empty(size, np.uint16), np.empty(size, np.uint32)
        self._histogram = np.zeros(1, np.uint32)

    def begin(self) -> None:
        """Take the picture in ``grey`` as what was always there."""
        state, leaky = self.state, self.model.leak_hz > 0
        if self._drifts:
            to = (state["random"], state["filtered"], state["reference"])
            drift.begin(self.grey, self.n, self._level, self._on, leaky, *to)
            state["settled"][:], state["lift"][:] = 1, 0
            self._burn()
        else:
            state["reference"][:] = self._level[self.grey]
            now = (self.n, state["reference"], *self._thresholds, *self._tables)
            levels.rebound(*now, state["low"], state["high"])
        state["resting"][:] = 0
        self._turn()

    def step(self, span: Span, room: int) -> Spikes:
        """Return the events of the picture in ``grey``, at most ``room``.

        Of more than that as many as needed are left out, evenly, and counted.
        """
        steps = min(span.length_us, _STEPS)
        kept, over = self._drift(span, steps) if self._drifts else self._compare(steps)
        noisy, lost = self._noise(span)
        wanted = kept + noisy[2]
        self.lost.beyond_most += over
        self.lost.beyond_room += lost
        self._turn()
        if not wanted:
            return Spikes(np.empty(0, np.int64), np.empty(0, np.uint32))
        listed, lines = (self._active, self._n), self._lines
        refractory_us = self.model.refractory_us
        if wanted <= room and not refractory_us:
            to = (self._place, self._unit)
            n_on, n_off = emit.emit(listed, lines, noisy, self.n, steps, *to)
            return self._ordered((n_on, n_off), span, steps, mixed=noisy[2] > 0)
        clock = (span.begin_us, steps, steps / span.length_us, refractory_us)
        rests = (self.state["resting"], self.state["ready"])
        of = (listed, lines, noisy, 2 * self.n, (room, wanted), clock, rests)
        n_on, n_off, left_out = sparing.emit_sparing(*of, self._place, self._unit)
        self.lost.beyond_room += int(left_out)
        return self._ordered((n_on, n_off), span, steps, mixed=False)

    def _compare(self, steps: int) -> tuple[int, int]:
        """Find the crossings of pixels outside the greys between which they are quiet."""
        state = self.state
        quiet = (state["low"], state["high"])
        seen = (self._active, (state["old"], self.grey), self._level, self._thresholds)
        of = (self.model.most, steps, state["reference"], self._tables, quiet)
        self._n, kept, over = map(int, sweep.sweep(*seen, *of, self._lines, self._work))
        return kept, over

    def _drift(self, span: Span, steps: int) -> tuple[int, int]:
        """Let all pixels drift, and find the crossings of those beyond a threshold then."""
        state, model, lift = self.state, self.model, self.state["lift"]
        if span.passed_us != self._passed_us:
            share = drift.follow(model.cutoff_hz, span.passed_us)
            self._passed_us, self._goals = span.passed_us, drift.goals(self._level, share)
        before = np.float32(lift[0])
        lift[0] += self._leak * span.noise_us * 1e-6
        reference, fuses = state["reference"], (state["settled"], state["fuse"])
        pixels = (state["filtered"], reference, *self._thresholds, self._previous)
        jitter = np.float32(model.leak_jitter if model.leak_hz > 0 else 0)
        seen = (self._active, (state["old"], self.grey), self._goals, (before, np.float32(lift[0])))
        reset = (jitter, state["random"])
        of = (pixels, fuses, model.most, steps, reset, self._lines, (*self._room, self._work))
        self._n, kept, over = map(int, sweep.sweep_drifting(*seen, *of))
        if lift[0] > _HIGH:
            reference -= np.float32(lift[0])
            lift[0] = 0
            self._burn()
        return kept, over

    def _burn(self) -> None:
        """Forget up to when pixels are certain to be quiet."""
        self.state["fuse"][:] = BURNT

    def _noise(self, span: Span) -> tuple[tuple[Any, Any, int], int]:
        """Draw noise; returns its lists and their length, and how many had no room."""
        model, seconds, lists, n, lost = self.model, span.noise_us * 1e-6, self._shots, 0, 0
        random = self.state["random"]
        if model.shot_noise_hz > 0:
            expected = model.shot_noise_hz * seconds
            n, lost = noise.shot(self.grey, self.n, expected, random, lists)
        if len(self._hot) and model.hot_pixel_hz > 0:
            expected = model.hot_pixel_hz * seconds
            of = (self._hot, expected, random, lists, n, self._all_noise)
            n, more = noise.with_hot(*of)
            lists, lost = self._all_noise, lost + more
        return (*lists, int(n)), int(lost)

    def _ordered(self, numbers: tuple[int, int], span: Span, steps: int, *, mixed: bool) -> Spikes:
        """Return the events that are written, in order."""
        total = sum(numbers)
        t_us, unit = np.empty(total + order.SPARE, np.int64), np.empty(total, np.uint32)
        lists, clock = (self._place, self._unit, numbers), (span.begin_us, span.length_us / steps)
        if total <= order.FEW:
            order.order_few(*lists, *clock, t_us, unit)
            return Spikes(t_us[:total], unit)
        if len(self._histogram) != steps:
            self._histogram = np.zeros(steps, np.uint32)
        order.order(*lists, self._histogram, *clock, t_us, unit)
        if mixed:
            order.mend(t_us, unit, total)
        return Spikes(t_us[:total], unit)

    def _turn(self) -> None:
        """Make the picture the one before."""
        self.grey, self.state["old"] = self.state["old"], self.grey


def _floats(n: int) -> Float32s:
    """Return ``float32[n]`` of zeros of which sixteen lie in one line of memory."""
    return aligned(4 * n).view(np.float32)


def _looks() -> NDArray[np.uint32]:
    return np.empty(drift.LOOKS, np.uint32)


def _noise_lists(room: int) -> tuple[NDArray[np.uint64], UInt8s]:
    """Return room for the points and signs of noise."""
    size = room + noise.SPARE
    return np.empty(2 * size, np.uint64), np.empty(size, np.uint8)


def _thresholds(
    mean: float, sigma: float, n: int, whole: int, rng: np.random.Generator
) -> Float32s:
    """Draw the threshold of each pixel, ``float32[whole]``: those beyond ``n`` never fire."""
    drawn = rng.normal(mean, sigma, n) if sigma else np.full(n, mean)
    thresholds = _floats(whole)
    thresholds[:] = np.inf
    thresholds[:n] = np.maximum(drawn, _LEAST_THRESHOLD)
    return thresholds
