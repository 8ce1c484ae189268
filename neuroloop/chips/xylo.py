"""A floating-point network in Xylo's whole numbers.

Populations become hidden neurons, but for those at its end, which are reached by hidden ones alone
and reach none: they become outputs.  A spike of an input acts in its tick and one of a neuron in
the next, whatever the network's delays are; populations lag behind as far as that makes them
(`neuroloop.chips.retime`), and what arrives earlier than in the network is said.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from neuroloop.chips import plain, profile, retime, weights, xylo_cells, xylo_rules
from neuroloop.chips.quantised import Quantised
from neuroloop.chips.xylo_wires import Arrival
from neuroloop.core.errors import ConfigError
from neuroloop.core.values import Int32s
from neuroloop.engine.delays import delay_ticks, in_order
from neuroloop.network.connections import Connections
from neuroloop.network.graph import Network, Projection
from neuroloop.network.pooling import Pooling

Variant = Literal["audio2", "imu"]
_SYNAPSES: Mapping[Variant, int] = {"audio2": 2, "imu": 1}
"""of a hidden neuron"""


def quantise(network: Network, dt_us: int, variant: Variant = "audio2") -> Quantised:
    """Return a network in whole numbers for Xylo; whether it fits there is not looked at.

    Parameters
    ----------
    network
        Its populations are of the kinds that `neuroloop.chips.plain` knows, or have no input.
    dt_us
        Length of a tick in microseconds.
    variant
        Xylo Audio 2, or Xylo IMU, whose hidden neurons have one synapse.

    Raises
    ------
    ConfigError
        Where a part of it has no form on the chip: it names the part, the value and what would fit.
    """
    plain.check_synapses(network)
    delays = [delay_ticks(j, dt_us) for j in network.projections]
    in_order(network, delays)  # a ring without a delay is nothing that could be delayed
    cells = {
        p.name: plain.of(p, dt_us / 1e3, f'population "{p.name}"')
        for p in network.populations
        if not plain.is_hosted(p)
    }
    timing, early = _timing(network, cells, delays)
    outputs = _outputs(network, cells)
    group = {
        name: xylo_cells.synapses(
            cell, 1 if name in outputs else _SYNAPSES[variant], f'population "{name}"'
        )
        for name, cell in cells.items()
    }
    arrivals = _arrivals(network, cells, group)
    made = xylo_cells.made(network, cells, group, arrivals, outputs, dt_us / 1e3)
    links = [made.projections[a] for a in arrivals]
    result = Network(
        network.inputs,
        tuple(made.populations.get(p.name, p) for p in network.populations),
        tuple(link for link, _ in links),
    )
    chip = f"xylo_{variant}"
    said = (*timing.notes, *early, *_alone(network, cells, outputs), *made.warnings)
    return Quantised(
        chip,
        xylo_rules.in_chip_order(result),
        {part.name: timing.late[part.name] for part in network.spiking},
        tuple(made.layers),
        tuple(wire for _, wire in links),
        (*said, *xylo_rules.wide(result, profile.load(chip))),
    )


def _timing(
    network: Network, cells: Mapping[str, plain.Cell], delays: Sequence[Int32s]
) -> tuple[retime.Timing, list[str]]:
    """Return when everything happens on the chip, and which spikes come early there."""
    inputs = {i.name for i in network.inputs}
    links = [
        retime.Link(
            *(j.name, j.source, j.target, retime.least(d) + cells[j.target].extra_ticks),
            0 if j.source in inputs else 1,
        )
        for j, d in zip(network.projections, delays, strict=True)
    ]
    timing = retime.retime([part.name for part in network.spiking], links)
    said = []
    for link, ticks, delay in zip(links, timing.ticks, delays, strict=True):
        first = ticks - link.least
        last = first + int(delay.max(initial=0)) - retime.least(delay)
        if last:
            by = f"{first} to {last} ticks" if last > first else f"{last} tick{'s' * (last > 1)}"
            said.append(
                f"projection {link.name}: its spikes act {by} earlier than in the network, because "
                "a link of the chip has no delay to set; give the network the delays of the chip, "
                "0 from inputs and one tick from populations, to see what that changes"
            )
    return timing, said


def _outputs(network: Network, cells: Mapping[str, plain.Cell]) -> set[str]:
    """Return the populations that hidden neurons reach, and that reach none."""
    sources = {j.source for j in network.projections}
    return {
        name
        for name in cells
        if name not in sources and (into := _into(network, name)) and into <= cells.keys()
    }


def _into(network: Network, name: str) -> set[str]:
    return {j.source for j in network.projections if j.target == name}


def _alone(network: Network, cells: Mapping[str, plain.Cell], outputs: set[str]) -> list[str]:
    """Say which ends of the network cannot be outputs of the chip."""
    onward = {j.source for j in network.projections if j.source != j.target}
    return [
        f'population "{name}": it is at the end of the network and yet a hidden one, because '
        "outputs of the chip are reached by hidden neurons alone and reach none; the chip gives "
        "out spikes of hidden neurons only while it is being debugged: a population behind it, "
        "one to one, would be its output"
        for name in cells
        if name not in outputs and name not in onward
    ]


def _arrivals(
    network: Network, cells: Mapping[str, plain.Cell], group: Mapping[str, xylo_cells.Synapses]
) -> list[Arrival]:
    """Return all that arrives, in the chip's order: one for each pair of ends and each synapse."""
    together: dict[tuple[str, str, int], list[Projection]] = {}
    for j in network.projections:
        key = (j.source, j.target, group[j.target].index(cells[j.target], j.receptor))
        together.setdefault(key, []).append(j)
    place = xylo_rules.places(network)
    ordered = sorted(together.items(), key=lambda item: place[item[0][0]])
    return [_joined(key, several, cells[key[1]]) for key, several in ordered]


def _joined(key: tuple[str, str, int], several: Sequence[Projection], cell: plain.Cell) -> Arrival:
    """Join projections: the chip has one weight for a pair of neurons, the sum of theirs."""
    source, target, synapse = key
    lists = [_listed(j) for j in several]
    gains = [cell.gain(j.receptor) for j in several]
    pairs = np.concatenate([c.pre.astype(np.int64) * cell.n + c.post for c in lists])
    each = np.concatenate(
        [c.weight.astype(np.float64) * gain for c, gain in zip(lists, gains, strict=True)]
    )
    pairs, place = np.unique(pairs, return_inverse=True)
    weight = np.zeros(len(pairs))
    np.add.at(weight, place, each)
    name = several[0].name
    return Arrival(name, source, target, synapse, pairs // cell.n, pairs % cell.n, weight)


def _listed(j: Projection) -> Connections:
    """Return a projection's synapses as a list."""
    wired = j.connections
    if isinstance(wired, Pooling):
        return weights.unrolled(wired)
    if not isinstance(wired, Connections):
        raise ConfigError(
            f"projection {j.name}: Xylo has no {type(wired).__name__.lower()}, each synapse has a "
            "weight of its own; give it as a list of synapses (dense, pairs)"
        )
    return wired
