"""Xylo: one core for all, with room for so many inputs, hidden neurons and outputs.

Source: rockpool 3.1, what its mapper checks, and its model of the cycles of a tick.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from neuroloop.chips import xylo_rules
from neuroloop.chips.fit.found import THE_NETWORK, CoreUse, Fit, LayerUse, Misfit, Use
from neuroloop.chips.fit.placed import Placed, Route
from neuroloop.chips.plain import is_hosted
from neuroloop.chips.profile import Profile
from neuroloop.chips.quantised import Quantised
from neuroloop.core.errors import ConfigError
from neuroloop.network.connections import Connections
from neuroloop.network.graph import Input, Network, Population

Parts = Sequence[Input | Population]
_REMEDIES = {
    "chip_inputs": "fewer sensor channels, or several joined to one, would fit",
    "chip_hidden": "smaller populations would fit",
    "chip_outputs": "fewer of them at the network's end, or a population there that inputs reach,"
    " too, which is hidden then, would fit",
}

_CYCLES = (
    *("input", "input_synop", "hidden_current", "hidden_synop", "hidden_update"),
    *("output_synop", "output_update"),
)


def fit(quantised: Quantised, profile: Profile, dt_us: int, rate_hz: float) -> Fit:
    """Count what a network takes; see `neuroloop.chips.fit.fit`."""
    network = quantised.network
    hidden = [p for p in network.populations if p.kind == "xylo.hidden"]
    outputs = [p for p in network.populations if p.kind == "xylo.output"]
    hosted = [p for p in network.populations if is_hosted(p)]
    parts: dict[str, Parts] = {
        "chip_inputs": [*network.inputs, *hosted],
        "chip_hidden": hidden,
        "chip_outputs": outputs,
    }
    uses = [Use(name, sum(p.n for p in own), profile.limit(name)) for name, own in parts.items()]
    misfits = list(_over(uses, parts)) or list(_rules(network, profile))
    members = [(p.name, p.n) for p in (*hidden, *outputs)]
    return Fit(
        *(profile.name, profile.title, dt_us, rate_hz),
        [_layer(p, network) for p in (*hidden, *outputs)],
        [CoreUse(0, None, members, uses)],
        uses,
        misfits,
        (),
        tuple(quantised.warnings),
        [*_wide(quantised, profile), *_cycles(network, profile, dt_us, rate_hz)],
        placed=None if misfits else _placed(network),
        late=quantised.late,
    )


def _over(uses: Sequence[Use], parts: Mapping[str, Parts]) -> Iterator[Misfit]:
    """Yield what there is too much of."""
    for use in uses:
        if use.most is not None and use.used > use.most:
            named = ", ".join(f'"{part.name}" {part.n:,}' for part in parts[use.what])
            why = f"{use.used:,} {use.words} ({named}), and it has {use.most:,}"
            yield Misfit(THE_NETWORK, use, why, [_REMEDIES[use.what]])


def _rules(network: Network, profile: Profile) -> Iterator[Misfit]:
    """Yield what the chip's wiring does not allow."""
    try:
        xylo_rules.check(network, profile)
    except ConfigError as error:
        yield Misfit(THE_NETWORK, None, str(error))


def _wide(quantised: Quantised, profile: Profile) -> list[str]:
    """Say where neurons reach more than an overview of the chip names, once."""
    said = xylo_rules.wide(quantised.network, profile)
    return [sentence for sentence in said if sentence not in quantised.warnings]


def _leaving(p: Population, network: Network) -> NDArray[np.int64]:
    """Return the synapses that each neuron drives."""
    out = np.zeros(p.n, np.int64)
    for j in network.projections:
        if j.source == p.name and isinstance(j.connections, Connections):
            out[: j.connections.n_pre] += np.diff(j.connections.start)
    return out


def _cycles(network: Network, profile: Profile, dt_us: int, rate_hz: float) -> Iterator[str]:
    """Say how many clock cycles a tick takes, where the chip's model of them is known."""
    figures = {name: profile.figure(f"{name}_cycles").value for name in _CYCLES}
    cycles = {name: value for name, value in figures.items() if value is not None}
    if len(cycles) < len(figures):
        return
    firing = rate_hz * dt_us * 1e-6
    hidden = [p for p in network.populations if p.kind == "xylo.hidden"]
    names = {p.name for p in hidden}
    n = {
        "in": sum(part.n for part in network.inputs),
        "hidden": sum(p.n for p in hidden),
        "out": sum(p.n for p in network.populations if p.kind == "xylo.output"),
    }
    recurrent = sum(
        len(j.connections) for j in network.projections if j.source in names and j.target in names
    )
    total = (
        n["in"] * (firing * n["hidden"] * cycles["input_synop"] + cycles["input"])
        + firing * recurrent * cycles["hidden_synop"]
        + n["hidden"] * (cycles["hidden_current"] + cycles["hidden_update"])
        + firing * n["hidden"] * n["out"] * cycles["output_synop"]
        + n["out"] * cycles["output_update"]
    )
    yield (
        f"about {total:,.0f} cycles a tick at {rate_hz:g} Hz a neuron: a clock of"
        f" {total / dt_us:.3g} MHz at least, by a model that leaves out what spikes add to updates"
    )


def _layer(p: Population, network: Network) -> LayerUse:
    arriving = [j.connections for j in network.projections if j.target == p.name]
    into, out = np.zeros(p.n, np.int64), _leaving(p, network)
    for c in arriving:
        if isinstance(c, Connections):
            into += np.bincount(c.post, minlength=p.n)
    synapses = sum(len(c) for c in arriving)
    limit = "chip_hidden" if p.kind == "xylo.hidden" else "chip_outputs"
    return LayerUse(
        *(p.name, p.kind, p.n, [0], "one core", synapses),
        *(int(into.max()), int(out.max()), {"neurons": p.n}, limit),
    )


def _placed(network: Network) -> Placed:
    core_of = {p.name: np.zeros(p.n, np.int32) for p in network.populations if not is_hosted(p)}
    return Placed(core_of, None, [Route(1.0, 0.0, 0.0)] * len(network.projections))
