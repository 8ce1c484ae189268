"""One population in Xylo's whole numbers, with all that arrives at it.

A population has one scale: units of the chip's v in one of the network's potential.  Threshold,
bias and weights follow from it.  It is the one at which the largest weight into it is 127, or as
many times 2 as the shift of the weights allows: the chip has one shift for all hidden neurons, and
one for its outputs.  Shifted are weights only as far as thresholds stay within an eighth of 16
bits, and no current is cut even where every source fires in every tick.

Weights are such that a spike adds the same in all as in the network, where the decay of the current
is another one (`neuroloop.chips.xylo_decay`).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroloop.chips import plain, xylo_decay, xylo_wires
from neuroloop.chips.quantised import Layer, Wire
from neuroloop.chips.xylo_decay import OFF, dash_of, kept, leak_off
from neuroloop.chips.xylo_wires import Arrival
from neuroloop.core.errors import ConfigError
from neuroloop.network.graph import Network, Number, Population, Projection

Floats = NDArray[np.float64]
MOST_WEIGHT, MOST_SHIFT = 127, 7
MOST, MOST_THRESHOLD, HEADROOM = (1 << 15) - 1, 1 << 14, 1 << 12
"""16 bits; what a threshold may be, and what it may be for the sake of a shift"""


@dataclass(frozen=True)
class Synapses:
    """How the receptors of a population are shared out to the synapses of its neurons."""

    keep: Sequence[float]
    """of each synapse: what is left of its current after a tick"""

    def index(self, cell: plain.Cell, receptor: str) -> int:
        """Return the synapse of a receptor; empty is the first one."""
        chosen = cell.receptors[receptor or next(iter(cell.receptors))]
        return self.keep.index(chosen.keep)


@dataclass
class Made:
    """Populations and projections on the chip."""

    populations: dict[str, Population] = field(default_factory=dict)
    projections: dict[Arrival, tuple[Projection, Wire]] = field(default_factory=dict)
    layers: list[Layer] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def synapses(cell: plain.Cell, most: int, where: str) -> Synapses:
    """Give receptors of one time constant the same synapse; refuse more of them than there are."""
    keeps = list(dict.fromkeys(receptor.keep for receptor in cell.receptors.values()))
    if len(keeps) > most:
        left = ", ".join(f"{name} {r.keep:.4g}" for name, r in cell.receptors.items())
        raise ConfigError(
            f"{where}: its receptors have currents of their own (left after a tick: {left}), and "
            "outputs of the chip, and all neurons of Xylo IMU, have one; give its receptors the "
            "same time constant"
        )
    return Synapses(keeps)


def made(
    network: Network,
    cells: Mapping[str, plain.Cell],
    group: Mapping[str, Synapses],
    arrivals: Sequence[Arrival],
    outputs: set[str],
    dt_ms: float,
) -> Made:
    """Return all populations of the chip, and the projections into them."""
    drafts = [
        _Draft(p, cells[p.name], group[p.name], [a for a in arrivals if a.target == p.name], dt_ms)
        for p in network.populations
        if p.name in cells
    ]
    result = Made()
    for kind, members in (
        ("xylo.hidden", [d for d in drafts if d.p.name not in outputs]),
        ("xylo.output", [d for d in drafts if d.p.name in outputs]),
    ):
        shift = min((d.most_shift for d in members), default=0)
        for draft in members:
            draft.add_to(result, network, kind, shift)
    return result


@dataclass(frozen=True)
class _Draft:
    """A population whose scale is still open."""

    p: Population
    cell: plain.Cell
    group: Synapses
    arrivals: Sequence[Arrival]
    dt_ms: float

    @property
    def where(self) -> str:
        return f'population "{self.p.name}"'

    @property
    def dash_mem(self) -> int:
        return dash_of(self.cell.v_keep, 0)

    @property
    def dash_syn(self) -> list[int]:
        # with a shift of 0 a current would be gone before it moved v
        return [dash_of(keep, 1) for keep in self.group.keep]

    @property
    def bias(self) -> Floats:
        """What v gains in a tick; a bias of the current as far as that settles."""
        keep = self.group.keep[0]
        if not self.cell.bias_u.any():
            return self.cell.bias_v
        if keep >= 1.0:
            raise ConfigError(f"{self.where}: its bias drives a current that never decays")
        return self.cell.bias_v + self.cell.bias_u / (1.0 - keep)

    def weight(self, arrival: Arrival) -> Floats:
        """Return an arrival's weights as the chip adds them, in the network's unit."""
        keep = self.group.keep[arrival.synapse]
        left = kept(self.dash_syn[arrival.synapse])
        if keep >= 1.0:
            return arrival.weight / left
        return arrival.weight * (1.0 - left) / (left * (1.0 - keep))

    @property
    def top(self) -> float:
        return max(
            (float(np.abs(self.weight(a)).max(initial=0.0)) for a in self.arrivals), default=0.0
        )

    @property
    def most_scale(self) -> float:
        """The scale at which threshold, bias and first potentials still have 16 bits."""
        largest = max(np.abs(self.bias).max(initial=0.0), np.abs(self.cell.v).max(initial=0.0))
        most = MOST_THRESHOLD / self.cell.threshold
        return min(most, MOST / float(largest)) if largest else most

    @property
    def safe_scale(self) -> float:
        """The scale at which no current is cut even where every source fires in every tick."""
        safe = math.inf
        for synapse, dash in enumerate(self.dash_syn):
            room = MOST / (2.0**dash - 1.0)
            sums = np.zeros((2, self.p.n))
            for a in (a for a in self.arrivals if a.synapse == synapse):
                w = self.weight(a)
                for sign, part in enumerate((np.maximum(w, 0.0), np.maximum(-w, 0.0))):
                    sums[sign] += np.bincount(a.post, part, self.p.n)
            safe = min(safe, room / float(sums.max())) if sums.any() else safe
        return safe

    @property
    def most_shift(self) -> int:
        """The largest shift of weights that its threshold and its currents leave room for."""
        if not self.top:
            return MOST_SHIFT
        room = min(HEADROOM / self.cell.threshold, self.safe_scale, self.most_scale)
        return min(max(math.floor(math.log2(room * self.top / MOST_WEIGHT)), 0), MOST_SHIFT)

    def scale(self, shift: int) -> float:
        if not self.top:
            return min(self.most_scale, HEADROOM / self.cell.threshold)
        return min(self.most_scale, (MOST_WEIGHT << shift) / self.top)

    def add_to(self, result: Made, network: Network, kind: str, shift: int) -> None:
        """Choose the scale; add the population and its projections, and what is to be said."""
        scale = self.scale(shift)
        numbers = {"dash_mem": self.dash_mem}
        numbers |= dict(zip(("dash_syn", "dash_syn2"), self.dash_syn, strict=False))
        numbers["threshold"] = self._threshold(scale)
        bias = np.rint(self.bias * scale)
        errors = self._errors(numbers, bias, scale)
        params: dict[str, Number] = dict(numbers)
        arrays: dict[str, Any] = {}
        if (bias == bias[0]).all():
            params["bias"] = int(bias[0])
        else:
            arrays["bias"] = bias.astype(np.int32)
        if self.cell.v.any():
            arrays["v"] = np.rint(self.cell.v * scale).astype(np.int32)
        result.populations[self.p.name] = Population(self.p.name, self.p.n, kind, params, arrays)
        result.layers.append(Layer(self.p.name, self.p.kind, scale, numbers, errors))
        result.warnings += self._warnings(numbers, errors, scale)
        for arrival in self.arrivals:
            wanted = self.weight(arrival) * (scale / 2.0**shift)
            link, wire, said = xylo_wires.made(arrival, wanted, shift, network, self.dt_ms)
            result.projections[arrival] = link, wire
            result.warnings += said

    def _threshold(self, scale: float) -> int:
        """Return the least whole number at which the network's neuron would fire, too."""
        exact = self.cell.threshold * scale
        near = round(exact)
        if abs(exact - near) > 1e-9 * max(exact, 1.0):
            return math.ceil(exact)
        return min(near + 1, MOST) if self.cell.strict else max(near, 1)

    def _errors(self, numbers: Mapping[str, int], bias: Floats, scale: float) -> dict[str, float]:
        errors = {"dash_mem": leak_off(self.cell.v_keep, numbers["dash_mem"])}
        for name, keep in zip(("dash_syn", "dash_syn2"), self.group.keep, strict=False):
            errors[name] = leak_off(keep, numbers[name])
        errors["threshold"] = numbers["threshold"] / (self.cell.threshold * scale) - 1.0
        wanted = self.bias * scale
        some = wanted != 0
        errors["bias"] = float(np.abs(bias[some] / wanted[some] - 1.0).max(initial=0.0))
        return errors

    def _warnings(
        self, numbers: Mapping[str, int], errors: Mapping[str, float], scale: float
    ) -> list[str]:
        keeps = {"dash_mem": ("potential", self.cell.v_keep)}
        for name, keep in zip(("dash_syn", "dash_syn2"), self.group.keep, strict=False):
            keeps[name] = ("current", keep)
        said = [
            xylo_decay.said(what, keep, numbers[name], self.dt_ms)
            for name, (what, keep) in keeps.items()
            if abs(errors[name]) > OFF
        ]
        said += self._left_out()
        if errors["threshold"] > OFF:
            said.append(
                f"its threshold of {self.cell.threshold:g} is {numbers['threshold']} on the chip, "
                f"{errors['threshold']:.0%} too high, because its weights are so much larger and "
                "have 8 bits; smaller weights, or a larger threshold, fit better"
            )
        if scale > 1.01 * self.safe_scale:
            said.append(
                f"where more than {self.safe_scale / scale:.0%} of all that reaches a neuron comes "
                "in every tick, its current is cut to 16 bits; fewer sources a neuron, a smaller "
                "largest weight or a faster current leave more room"
            )
        return [f"{self.where}: {text}" for text in said]

    def _left_out(self) -> list[str]:
        """Say what of the neuron the chip has not."""
        cell, said = self.cell, []
        if not cell.subtract:
            said.append(
                "a spike lowers v by the threshold, where the network puts it to rest; what is "
                "left over may fire again, in the same tick, too"
            )
        if cell.refractory:
            said.append(
                f"its refractory time of {cell.refractory} ticks is left out: the chip has none"
            )
        if cell.bias_u.any() and self.group.keep[0] > 0.0:
            said.append("its bias acts in full from the first tick on, not as its current settles")
        return said
