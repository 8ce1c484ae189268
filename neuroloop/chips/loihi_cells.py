"""One population in Loihi's whole numbers, with all that arrives at it.

A population has one scale: units of the chip's v in one of the network's potential.  Threshold and
biases follow from it, and mantissas and one exponent for each projection into it
(`neuroloop.chips.mantissa`).  It is one at which the largest weights have all of their bits, or
larger where the threshold would be a small number; then only as large as no current wraps around
even where every source fires in every tick.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from neuroloop.chips import plain, rounding, weights
from neuroloop.chips.mantissa import MOST_EXPONENT, Drive, Format, Scaled, Threshold, choose
from neuroloop.chips.quantised import Layer, Wire
from neuroloop.chips.weights import Floats
from neuroloop.core.errors import ConfigError
from neuroloop.network.graph import Number, Population, Projection
from neuroloop.network.pooling import Pooling

Reading = Literal["lava", "nengo"]
UNIT = 64
"""of v in one of threshold and weights"""
MOST_V = (1 << 23) - 1
MOST_VTH = (1 << 17) - 1
MOST_BIAS, MOST_BIAS_EXP = 4095, 7
MOST_REFRACTORY = 63
MOST_SUM = {"lava": MOST_V, "nengo": (1 << 21) - 1}
"""what a tick may add to u"""
FINE = 1024
"""a threshold from which on a larger one gains nothing, and takes room below rest"""
GRID = 4096
"""steps of what is left of u and v after a tick"""
_OFF, _COARSE = 0.05, 10
"""from which part of a leak or threshold that is off there is a warning, and below how many units
of the largest weight"""


@dataclass(frozen=True, eq=False)
class Arrival:
    """A projection on its way to the chip."""

    name: str
    source: str
    target: str
    wiring: Any
    weight: Floats
    """in the unit of the target's potential, as `neuroloop.chips.weights` has them"""
    ticks: NDArray[np.int32]
    """that its synapses take on the chip, or one for all"""
    is_bias: bool = False

    def drive(self, n: int) -> Drive:
        """Return what it brings to ``n`` neurons; a bias does so in every tick."""
        return Drive(self.weight, len(self.wiring) / n, 1.0 if self.is_bias else 0.1)


@dataclass(frozen=True)
class Made:
    """A population on the chip."""

    population: Population
    synapses: Mapping[Arrival, tuple[Projection, Wire]]
    layer: Layer
    warnings: Sequence[str]


@dataclass(frozen=True)
class Rules:
    """What the numbers of a chip follow from."""

    reading: Reading
    form: Format
    dt_us: int

    def cell(self, p: Population) -> plain.Cell:
        """Return a population's neurons, where the chip has such."""
        where = f'population "{p.name}"'
        cell = plain.of(p, self.dt_us / 1e3, where)
        if cell.subtract:
            raise ConfigError(
                f'{where}: reset "subtract" keeps what is above threshold, and Loihi puts v to 0; '
                'take reset "hard", or a chip that subtracts (xylo, dynapcnn)'
            )
        most = MOST_REFRACTORY - (self.reading == "nengo")
        if cell.refractory > most:
            raise ConfigError(
                f"{where}: a refractory time of {cell.refractory} ticks; {most} are the most: a "
                "shorter one or longer ticks fit"
            )
        try:
            _ = cell.u_keep
        except ConfigError as error:
            raise ConfigError(f"{where}: {error}") from error
        return cell

    def always(self, name: str) -> Population:
        """Return a neuron that fires in every tick."""
        return self._population(name, 1, {"du": 4095, "dv": 4095, "vth": 0}, np.ones(1), 0)

    def made(self, p: Population, cell: plain.Cell, arrivals: Sequence[Arrival]) -> Made:
        """Return a population on the chip, and the projections into it."""
        scaled, warnings = self._scaled(p, cell, arrivals)
        keep_u = min(round(cell.u_keep * GRID), GRID - 1)
        keep_v = max(round(cell.v_keep * GRID), 1)
        numbers = {"du": GRID - 1 - keep_u, "dv": GRID - keep_v, "vth": scaled.vth}
        bias = np.rint(cell.bias_v * UNIT * scaled.scale)
        exponent = _bias_exponent(bias)
        bias = np.rint(bias / 2**exponent)
        if cell.refractory:
            numbers["refractory"] = cell.refractory
        population = self._population(p.name, p.n, numbers, bias, exponent)
        if cell.v.any():
            first = np.rint(cell.v * UNIT * scaled.scale).astype(np.int32)
            population = _with_array(population, "v", first)
        got = bias * 2.0**exponent / (UNIT * scaled.scale)
        errors = {
            "du": _leak_off(cell.u_keep, keep_u),
            "dv": _leak_off(cell.v_keep, keep_v),
            "vth": float(self._threshold(cell).error(scaled.scale, scaled.vth)) / cell.threshold,
            "bias": _worst(got, cell.bias_v),
        }
        warnings += _missed(p.name, cell, errors)
        synapses = {}
        for arrival, e in zip(arrivals, scaled.exponents, strict=True):
            synapses[arrival], said = self._synapses(arrival, scaled.scale, e)
            warnings += said
        whole = {name: int(value) for name, value in population.params.items()}
        layer = Layer(p.name, p.kind, float(UNIT * scaled.scale), whole, errors)
        return Made(population, synapses, layer, warnings)

    def _threshold(self, cell: plain.Cell) -> Threshold:
        leaks = cell.v_keep != 1 or cell.u_keep != 0
        steps = None if leaks else np.unique(np.append(cell.bias_v, cell.v))
        return Threshold(cell.threshold, cell.strict, steps)

    def _scaled(
        self, p: Population, cell: plain.Cell, arrivals: Sequence[Arrival]
    ) -> tuple[Scaled, list[str]]:
        """Choose the scale, in units of a weight."""
        drives = [arrival.drive(p.n) for arrival in arrivals]
        most = (MOST_VTH if arrivals else FINE) / cell.threshold
        for numbers, limit in ((cell.bias_v, MOST_BIAS << MOST_BIAS_EXP), (cell.v, MOST_V)):
            if numbers.any():
                most = min(most, limit / UNIT / np.abs(numbers).max())
        warnings: list[str] = []
        sums = np.zeros((2, p.n))
        for arrival, drive in zip(arrivals, drives, strict=True):
            if not self.form.top(drive.sign):
                raise ConfigError(
                    f"projection {arrival.name}: its weights have both signs, and of "
                    f"{self.form.bits} bit the sign leaves nothing above 0; weight_bits = 2 or "
                    "more, or a projection for each sign, fit"
                )
            sums += weights.sums(arrival.wiring, p.n, arrival.weight)
        if sums.any():
            top = min(
                self.form.top(d.sign) / np.abs(d.weight).max() for d in drives if d.weight.any()
            )
            room = min(MOST_V * (1 - cell.u_keep), MOST_SUM[self.reading])
            safe = room / UNIT / sums.max()
            most = min(most, top * 2**MOST_EXPONENT, max(top, min(safe, FINE / cell.threshold)))
        scaled = choose(drives, self._threshold(cell), most, MOST_VTH, self.form)
        if sums.any() and scaled.scale > safe:
            warnings.append(
                f'population "{p.name}": where more than {safe / scaled.scale:.0%} of all that '
                "reaches a neuron is added in every tick, its current wraps around; a smaller "
                "largest weight, or fewer sources a neuron, leave more room"
            )
        return scaled, warnings

    def _population(
        self, name: str, n: int, numbers: Mapping[str, int], bias: Floats, exponent: int
    ) -> Population:
        params: dict[str, Number] = dict(numbers)
        if self.reading == "nengo":
            key, bias = "bias", bias * 2**exponent
            # the tick of the spike is counted there
            hold = numbers["refractory"] + 1 if "refractory" in numbers else 0
            params |= {"vth": UNIT * numbers["vth"], "vmin": -MOST_V, "refractory": hold}
            kind = "loihi1.nengo"
        else:
            key, kind = "bias_mant", "loihi1.cuba"
            params["bias_exp"] = exponent
        made = Population(name, n, kind, params)
        if (bias == bias[0]).all():
            return Population(name, n, kind, {**params, key: int(bias[0])})
        return _with_array(made, key, bias.astype(np.int32))

    def _synapses(
        self, arrival: Arrival, scale: float, exponent: int
    ) -> tuple[tuple[Projection, Wire], list[str]]:
        wiring, sign = arrival.wiring, arrival.drive(1).sign
        if isinstance(wiring, Pooling) and self.reading == "nengo":
            wiring = weights.unrolled(wiring)
        wanted = arrival.weight * scale
        mantissas = self.form.mantissas(wanted, exponent, sign, weights.targets(wiring))
        kind = "loihi1." + {"static": "synapses"}.get(wiring.KIND, wiring.KIND)
        params: dict[str, Number] = {"exponent": exponent, "bits": self.form.bits, "sign": sign}
        if self.reading == "nengo":
            kind = "loihi1.nengo" + {"static": ""}.get(wiring.KIND, f"_{wiring.KIND}")
            params = {"exponent": exponent}
        ms = arrival.ticks * (self.dt_us / 1e3)
        projection = Projection(
            arrival.source,
            arrival.target,
            weights.put(wiring, mantissas),
            delay_ms=float(ms[0]) if len(ms) == 1 else ms,
            kind=kind,
            params=params,
        )
        if not arrival.is_bias:
            cause = f'the threshold of "{arrival.target}" or another weight into it'
            rounding.check_some_left(arrival.name, mantissas, wanted, cause)
        wire = Wire(
            arrival.name,
            len(wiring),
            rounding.became_zero(mantissas, wanted, len(wiring)),
            self.form.bits,
            exponent,
            rounding.rms_off(mantissas * 2.0**exponent, wanted),
            int(arrival.ticks.min()),
        )
        return (projection, wire), _vanished(arrival, wire, wanted)


def _with_array(p: Population, name: str, numbers: NDArray[np.int32]) -> Population:
    return Population(p.name, p.n, p.kind, p.params, {**p.arrays, name: numbers})


def _bias_exponent(bias: Floats) -> int:
    largest = float(np.abs(bias).max(initial=0.0))
    return max(math.ceil(math.log2(largest / MOST_BIAS)), 0) if largest else 0


def _leak_off(keep: float, on_grid: int) -> float:
    """Return by which part of itself a leak is off."""
    wanted, got = 1.0 - keep, 1.0 - on_grid / GRID
    return got / wanted - 1.0 if wanted else math.copysign(math.inf, got) if got else 0.0


def _missed(name: str, cell: plain.Cell, errors: Mapping[str, float]) -> list[str]:
    """Warn of what the chip's numbers are too coarse for."""
    said = []
    if abs(errors["vth"]) > _OFF:
        said.append(
            f'population "{name}": its threshold of {cell.threshold:g} above rest is off by '
            f"{errors['vth']:+.0%}, because the largest weight into it is so much larger; a larger "
            "threshold or smaller weights fit"
        )
    for key, what, keep in (("du", "current", cell.u_keep), ("dv", "v", cell.v_keep)):
        if abs(errors[key]) > _OFF:
            got = (1.0 - keep) * (1.0 + errors[key]) if keep < 1 else 1 / GRID
            said.append(
                f'population "{name}": a tick should take {1 - keep:.3g} of its {what} and takes '
                f"{got:.3g}, because the chip counts in 1/{GRID}; longer ticks leak more in one"
            )
    return said


def _vanished(arrival: Arrival, wire: Wire, wanted: Floats) -> list[str]:
    """Warn of weights that are coarse, or no longer there."""
    where = f"projection {arrival.name}"
    largest = float(np.abs(wanted).max(initial=0.0))
    said = []
    if wire.exponent < 0 and 0 < largest < _COARSE and not arrival.is_bias:
        said.append(
            f"{where}: its largest weight is {largest:.2g} of the chip's units, to which what a "
            f'tick adds is rounded; a smaller threshold of "{arrival.target}" leaves it more'
        )
    if wire.zeros > rounding.MANY_ZEROS * wire.synapses:
        said.append(
            f"{where}: {wire.zeros:,} of {wire.synapses:,} weights became 0, because the largest "
            "is so much larger; in a projection of their own they have an exponent of their own"
        )
    return said


def _worst(got: Floats, wanted: Floats) -> float:
    some = wanted != 0
    return float(np.abs(got[some] / wanted[some] - 1.0).max(initial=0.0))
