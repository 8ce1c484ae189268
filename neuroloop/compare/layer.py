"""What a chip changed in one population."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroloop.chips.energy.counts import Updates
from neuroloop.compare.trains import Trains, first_difference

Distance = Callable[[Trains, Trains], NDArray[np.float64]]
"""of each neuron's two trains"""

_NAMED = 5
"""units that are named of those that differ first"""


@dataclass(frozen=True)
class Layer:
    """One population in floating point and on the chip."""

    name: str
    neurons: int
    late_ticks: int
    """by which it lags on the chip; taken out before anything is compared"""
    spikes_float: int
    spikes_chip: int
    fired_float: int
    """neurons that fired at all"""
    fired_chip: int
    rate_float_hz: float
    """mean over the neurons"""
    rate_chip_hz: float
    rate_error_hz: float
    """mean over the neurons of the absolute difference"""
    first_tick: int | None
    """in which spikes differ; None where they are the same to the end"""
    first_units: Sequence[int]
    """that differ in it, the first few"""
    distance: float
    """of spike trains, mean over the neurons"""
    distance_of_silence: float
    """the same if the chip's neurons never fired"""
    overflows: int | None
    """numbers that wrapped around; None where the kind does not count them"""
    saturated: int | None
    """numbers that were cut to their range"""

    @property
    def verdict(self) -> str:
        """What is to be said of it before any number."""
        if self.spikes_float and not self.spikes_chip:
            return "silent on the chip"
        if self.spikes_chip and not self.spikes_float:
            return "fires on the chip alone"
        if not self.spikes_float:
            return "silent in both"
        return "the same" if self.first_tick is None else ""

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {**asdict(self), "first_units": list(self.first_units), "verdict": self.verdict}


def layer(  # noqa: PLR0913
    name: str,
    reference: Trains,
    chip: Trains,
    distance: Distance,
    dt_us: int,
    *,
    late: int = 0,
    counted: Updates | None = None,
) -> Layer:
    """Compare a population's spikes on a chip, by the network's own time, with the reference."""
    first = first_difference(reference, chip)
    rate_float, rate_chip = reference.rates_hz(dt_us), chip.rates_hz(dt_us)
    silence = Trains.silent(reference.n, reference.ticks)
    return Layer(
        name=name,
        neurons=reference.n,
        late_ticks=late,
        spikes_float=int(np.abs(reference.weight).sum()),
        spikes_chip=int(np.abs(chip.weight).sum()),
        fired_float=reference.fired,
        fired_chip=chip.fired,
        rate_float_hz=float(rate_float.mean()),
        rate_chip_hz=float(rate_chip.mean()),
        rate_error_hz=float(np.abs(rate_chip - rate_float).mean()),
        first_tick=None if first is None else first[0],
        first_units=() if first is None else first[1][:_NAMED],
        distance=float(distance(reference, chip).mean()),
        distance_of_silence=float(distance(reference, silence).mean()),
        overflows=None if counted is None else counted.overflows,
        saturated=None if counted is None else counted.saturated,
    )
