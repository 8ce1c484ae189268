"""A floating-point network in Loihi's whole numbers: the same network, a few ticks late.

A spike takes the chip a tick at least, so that each population lags behind
(`neuroloop.chips.retime`).  A bias that drives a current is a synapse from a neuron that fires in
every tick, ``chip.bias``.
"""

from collections.abc import Mapping, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from neuroloop.chips import plain, retime, weights
from neuroloop.chips.loihi_cells import Arrival, Reading, Rules
from neuroloop.chips.mantissa import Format
from neuroloop.chips.quantised import Quantised
from neuroloop.core.errors import ConfigError
from neuroloop.core.values import Int32s
from neuroloop.engine.delays import delay_ticks, in_order
from neuroloop.network.connections import Connections
from neuroloop.network.graph import Network

BIAS = "chip.bias"
"""the neuron that fires in every tick"""
MOST_TICKS = 64
"""that a spike takes to its target: one, and up to 63 more"""


def quantise(
    network: Network,
    dt_us: int,
    reading: Reading = "lava",
    *,
    chip: str = "loihi1",
    bits: int = 8,
) -> Quantised:
    """Return a network in whole numbers for Loihi.

    Parameters
    ----------
    network
        Its populations are of the kinds that `neuroloop.chips.plain` knows, or have no input.
    dt_us
        Length of a tick in microseconds.
    reading
        Which published description of the chip's arithmetic runs it: that of Lava's fixed-point
        models, or that of nengo-loihi's emulator.
    chip
        Whose name the result has: ``loihi1``, or ``loihi2``, which runs the same neuron.
    bits
        Of a weight, 1...8; where signs are mixed one of them is the sign.

    Raises
    ------
    ConfigError
        Where a part of it has no form on the chip: it names the part, the value and what would fit.
    """
    plain.check_synapses(network)
    delays = [delay_ticks(j, dt_us) for j in network.projections]
    in_order(network, delays)  # a ring without a delay is nothing that could be delayed
    lava = reading == "lava"
    rules = Rules(reading, Format(bits, lava, -7 if lava else -6), dt_us)
    cells = {p.name: rules.cell(p) for p in network.populations if not plain.is_hosted(p)}
    timing = _timing(network, cells, delays)
    arrivals = _arrivals(network, cells, delays, timing)
    made = {
        p.name: rules.made(p, cells[p.name], [a for a in arrivals if a.target == p.name])
        for p in network.populations
        if p.name in cells
    }
    populations = [made[p.name].population if p.name in made else p for p in network.populations]
    if BIAS in timing.late:
        populations.append(rules.always(BIAS))
    synapses = dict(chain.from_iterable(one.synapses.items() for one in made.values()))
    in_turn = [synapses[arrival] for arrival in arrivals]
    return Quantised(
        chip,
        Network(network.inputs, tuple(populations), tuple(j for j, _ in in_turn)),
        timing.late,
        tuple(one.layer for one in made.values()),
        tuple(wire for _, wire in in_turn),
        (*timing.notes, *chain.from_iterable(one.warnings for one in made.values())),
    )


def _timing(
    network: Network, cells: Mapping[str, plain.Cell], delays: Sequence[Int32s]
) -> retime.Timing:
    links = [
        retime.Link(j.name, j.source, j.target, retime.least(d) + cells[j.target].extra_ticks, 1)
        for j, d in zip(network.projections, delays, strict=True)
    ]
    biased = [name for name, cell in cells.items() if cell.bias_u.any()]
    links += [retime.Link(f"{BIAS}-{name}", BIAS, name, 0, 1) for name in biased]
    names = [part.name for part in network.spiking]
    return retime.retime([*names, BIAS] if biased else names, links)


def _arrivals(
    network: Network,
    cells: Mapping[str, plain.Cell],
    delays: Sequence[Int32s],
    timing: retime.Timing,
) -> list[Arrival]:
    """Return what arrives at populations of the chip, with the ticks that it takes there."""
    found = []
    for k, (j, delay) in enumerate(zip(network.projections, delays, strict=True)):
        ticks = np.array([timing.ticks[k]], np.int32)
        if len(delay) and delay.strides != (0,):
            ticks = delay + (ticks - retime.least(delay))
        weight = weights.of(j.connections) * cells[j.target].gain(j.receptor)
        _check_ticks(j.name, ticks)
        found.append(Arrival(j.name, j.source, j.target, j.connections, weight, ticks))
    for name, cell in cells.items():
        ticks = np.array([timing.late[name]], np.int32)
        # signs apart: so both have all bits of a weight for themselves
        for part in (np.maximum(cell.bias_u, 0.0), np.minimum(cell.bias_u, 0.0)):
            post = np.flatnonzero(part).astype(np.uint32)
            if len(post):
                _check_ticks(f"{BIAS}-{name}", ticks)
                row = Connections(np.array([0, len(post)]), post, part[post].astype(np.float32))
                found.append(
                    Arrival(f"{BIAS}-{name}", BIAS, name, row, part[post], ticks, is_bias=True)
                )
    return found


def _check_ticks(name: str, ticks: NDArray[np.int32]) -> None:
    most = int(ticks.max(initial=0))
    if most > MOST_TICKS:
        raise ConfigError(
            f"projection {name}: a spike has to take {most} ticks on the chip, and {MOST_TICKS} "
            "are the most; a population of relays on the way, shorter delays or longer ticks help"
        )
