"""How far spikes travelled on a chip: what was counted, and where the populations were placed."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from neuroloop.chips import profile
from neuroloop.chips.energy.counts import Counts, Deliveries
from neuroloop.chips.quantised import Quantised
from neuroloop.core.errors import ConfigError
from neuroloop.network.graph import Network

if TYPE_CHECKING:
    from neuroloop.chips.fit.placed import Placed


@dataclass(frozen=True)
class Traffic:
    """What was on its way between cores."""

    messages: float
    """spikes, one for every core each is sent to"""
    east_west: float | None
    """steps from a tile to the next along a row; None where the chip's mesh is not known"""
    north_south: float | None
    """and along a column"""
    cores: int
    """in use"""


def place(network: Network, chip: str, dt_us: int) -> "Placed | str":
    """Place a network that is in a chip's kinds; returns why it cannot be where it does not fit."""
    from neuroloop.chips.fit import fit  # not read at the start of a run that places nothing

    try:
        found = fit(Quantised(chip, network, {}), profile.load(chip), dt_us)
    except ConfigError as error:
        return str(error)
    if found.placed is None:
        return str(found.misfits[0]) if found.misfits else "it does not fit"
    return found.placed


def traffic(placed: "Placed", network: Network, counts: Counts) -> Traffic:
    """Return the traffic of the spikes that were counted.

    Parameters
    ----------
    placed
        Where the network lies.
    network
        As it was placed.
    counts
        What was counted.  A spike travels as far as the mean of its source's units.
    """
    messages = east_west = north_south = 0.0
    known = True
    for k, (j, route) in enumerate(zip(network.projections, placed.routes, strict=True)):
        taken = counts.projections.get(f"{j.name}.{k}", Deliveries()).taken
        messages += taken * route.cores
        known = known and route.east_west is not None and route.north_south is not None
        east_west += taken * (route.east_west or 0.0)
        north_south += taken * (route.north_south or 0.0)
    used = [np.unique(own) for own in placed.core_of.values()]
    cores = len(np.unique(np.concatenate(used))) if used else 0
    return Traffic(messages, east_west if known else None, north_south if known else None, cores)
