r"""Weights as a chip's mantissas and exponents: which scale of a population loses least.

A weight w becomes :math:`W 2^e` with W of 8 bits and sign; e belongs to the projection, the scale s
(in :math:`W 2^e \approx s w`) to the population, because its threshold is in the same unit.  Scales
of one octave are tried.  Each is judged by what neurons are driven wrongly by, in the unit of the
potential: by rounded weights, of which a tenth is taken to be added in a tick, by what a shift of
the sum cuts off, and by the threshold.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroloop.chips.balance import balanced
from neuroloop.chips.weights import Floats

MOST_EXPONENT = 7
MOST = 255
"""the largest mantissa"""
_TRIED = 48
"""scales of the octave, beside those that make a number exact"""
_SAMPLE = 1 << 15
"""weights of a projection that are looked at for each scale"""


@dataclass(frozen=True, eq=False)
class Drive:
    """What arrives at a population over one projection."""

    weight: Floats
    """``float64[k]``, in the unit of the potential"""
    a_neuron: float
    """weights that a neuron has of it, on average"""
    active: float = 0.1
    """which part of them is added in a tick"""

    @property
    def sign(self) -> str:
        """The sign mode."""
        if not len(self.weight) or self.weight.min() >= 0:
            return "excitatory"
        return "inhibitory" if self.weight.max() <= 0 else "mixed"

    def sample(self) -> "Drive":
        """Return a part of it that stands for it, with its largest weight."""
        step = -(-len(self.weight) // _SAMPLE)
        if step <= 1:
            return self
        largest = self.weight[np.argmax(np.abs(self.weight))]
        return Drive(np.append(self.weight[::step], largest), self.a_neuron, self.active)


@dataclass(frozen=True)
class Format:
    """How a chip keeps weights."""

    bits: int = 8
    """of a weight; one of them is its sign where signs are mixed"""
    cuts_sums: bool = True
    """whether a negative exponent shifts the sum of a tick, and so cuts off what is below 1"""
    least_exponent: int = -7

    def bounds(self, sign: str) -> tuple[int, int, int]:
        """Return the lowest and highest mantissa, and the step between two."""
        if sign == "mixed":
            step = 2 ** (9 - self.bits)
            return -256, 256 - step, step
        step = 2 ** (8 - self.bits)
        return (0, 256 - step, step) if sign == "excitatory" else (step - 256, 0, step)

    def mantissas(
        self, weight: Floats, exponent: int, sign: str, group: NDArray[Any] | None = None
    ) -> NDArray[np.int64]:
        """Round weights that are in the unit of the sum; those of a group keep what they add up to.

        Without groups each becomes the nearest one.
        """
        low, high, step = self.bounds(sign)
        steps = weight / (step * 2.0**exponent)
        rounded = np.rint(steps) if group is None else balanced(steps, group)
        whole: NDArray[np.int64] = np.clip(rounded * step, low, high).astype(np.int64)
        return whole

    def top(self, sign: str) -> int:
        """Return the largest weight that fits whatever its sign."""
        low, high, _ = self.bounds(sign)
        return -low if sign == "inhibitory" else high

    def exponents(self, largest: float, sign: str) -> range:
        """Return the exponents under which a largest weight fits: from the least, to 0 at least."""
        least = math.ceil(math.log2(largest / self.top(sign)) - 1e-9) if largest else 0
        least = min(max(least, self.least_exponent), MOST_EXPONENT)
        return range(least, max(least, 0) + 1)


@dataclass(frozen=True)
class Threshold:
    """What v is compared with, in the unit of the potential."""

    value: float
    strict: bool
    steps: Floats | None = None
    """what v starts from and moves by beside the weights, where nothing of it leaks; else None"""

    def grain(self, scale: float) -> int:
        """Return what v is always a multiple of: 64, where it moves by weights alone."""
        if self.steps is None or (np.rint(64.0 * scale * self.steps) % 64).any():
            return 1
        return 64

    def vth(self, scale: float, most: int) -> int:
        """Return the chip's threshold, in 64 of v."""
        return min(max(round((self._first(scale) - self.grain(scale)) / 64), 0), most)

    def error(self, scale: float, vth: int) -> float:
        """Return by how much it is off, in the unit of the potential."""
        return (64 * vth + self.grain(scale) - self._first(scale)) / (64.0 * scale)

    def _first(self, scale: float) -> int:
        """Return the least v on the chip from which a neuron has to fire."""
        grain = self.grain(scale)
        grains = 64.0 * scale * self.value / grain
        if abs(grains - round(grains)) <= 1e-9 * grains:
            grains = round(grains)
        return grain * (math.floor(grains) + 1 if self.strict else math.ceil(grains))


@dataclass(frozen=True)
class Scaled:
    """What was chosen."""

    scale: float
    exponents: Sequence[int]
    vth: int
    error: float
    """judged, in the unit of the potential"""


def choose(
    drives: Sequence[Drive], threshold: Threshold, most: float, most_vth: int, form: Format
) -> Scaled:
    """Return the scale, up to ``most``, under which the least is lost."""
    parts = [d.sample() for d in drives]
    found = [_judged(s, parts, threshold, most_vth, form) for s in _tried(parts, threshold, most)]
    return min(found, key=lambda one: (one.error, -one.scale))


def _tried(drives: Sequence[Drive], threshold: Threshold, most: float) -> list[float]:
    """Return scales from half of the most on: even ones, and those that make a number exact."""
    exact = [1.0, 1.0 / threshold.value, (1 + 1 / 64) / threshold.value]
    for size in (np.abs(d.weight[d.weight != 0]) for d in drives if d.weight.any()):
        # weights on a grid of their own have its step as the least of them, most of the time
        exact += [MOST / size.max(), 1.0 / size.min()]
    octave = [s * 2.0 ** math.floor(math.log2(most / s)) for s in exact]
    first, last = math.ceil(most / 2 * threshold.value), math.floor(most * threshold.value)
    whole = np.unique(np.linspace(first, last, _TRIED).astype(np.int64)) if last else np.array([])
    for number in whole[whole > 0]:
        octave += [number / threshold.value, (number + 1 / 64) / threshold.value]
    return [s for s in octave if 0 < s <= most]


def _judged(
    scale: float, drives: Sequence[Drive], threshold: Threshold, most_vth: int, form: Format
) -> Scaled:
    vth = threshold.vth(scale, most_vth)
    square = threshold.error(scale, vth) ** 2
    exponents = []
    for drive in drives:
        lost, exponent = _lost(scale, drive, form)
        square += lost
        exponents.append(exponent)
    return Scaled(scale, exponents, vth, math.sqrt(square))


def _lost(scale: float, drive: Drive, form: Format) -> tuple[float, int]:
    """Return the square of what a tick is off by, and the exponent under which it is least."""
    weight, sign = drive.weight * scale, drive.sign
    largest = float(np.abs(weight).max(initial=0.0))
    tried = []
    for exponent in form.exponents(largest, sign):
        got = form.mantissas(weight, exponent, sign) * 2.0**exponent
        each = float(np.mean((got - weight) ** 2)) if len(weight) else 0.0
        # uniform in 0...1 of the unit, where anything is cut off at all
        cut = form.cuts_sums and exponent < 0 and bool((got % 1).any())
        lost = drive.a_neuron * drive.active * each + (1 / 3 if cut else 0.0)
        tried.append((lost / scale**2, exponent))
    return min(tried, key=lambda one: (one[0], -abs(one[1])))
