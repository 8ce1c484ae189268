"""How long a tick takes on Loihi: its fullest core, the longest way of a spike, and the barrier.

Cores work side by side, each at its neurons and synapses one after the other.
"""

from collections.abc import Sequence

import numpy as np

from neuroloop.chips.fit.found import Tick
from neuroloop.chips.fit.placed import Placed
from neuroloop.chips.fit.plan import Plan
from neuroloop.chips.profile import Profile

_NEEDED = (
    *("synop_ns", "active_update_ns", "hop_east_west_ns", "hop_north_south_ns"),
    *("barrier_ns", "barrier_one_tile_ns"),
)


def expected(plan: Plan, placed: Placed, profile: Profile, spikes: float) -> Tick | None:
    """Return the time of a tick where each unit fires ``spikes`` times in it.

    None where a time is not known for the chip.
    """
    ns = {name: profile.figure(name).value for name in _NEEDED}
    known = {name: value for name, value in ns.items() if value is not None}
    if len(known) < len(ns) or placed.position is None or not plan.cores:
        return None
    synapses = np.array([sum(plan.parts[k].synapses[p] for k, p in c.members) for c in plan.cores])
    neurons = np.array([c.uses[0] for c in plan.cores])
    updates, synops = neurons * known["active_update_ns"], synapses * spikes * known["synop_ns"]
    slowest = int((updates + synops).argmax())
    columns, rows = placed.position.max(axis=0) - placed.position.min(axis=0)
    way = columns * known["hop_east_west_ns"] + rows * known["hop_north_south_ns"]
    parts = {
        "neurons of the slowest core": float(updates[slowest]),
        "synapses of the slowest core": float(synops[slowest]),
        "longest way of a spike": float(way),
        "barrier at the end": _barrier(placed, profile, known),
    }
    us = {name: value / 1e3 for name, value in parts.items()}
    return Tick(sum(us.values()), us, _notes(slowest))


def _barrier(placed: Placed, profile: Profile, ns: dict[str, float]) -> float:
    """Return what tiles wait for each other, between the figures for one and for all of them."""
    assert placed.position is not None
    all_tiles = (profile.limit("chip_columns") or 1) * (profile.limit("chip_rows") or 1)
    tiles = len(np.unique(placed.position, axis=0))
    part = (tiles - 1) / max(all_tiles - 1, 1)
    return ns["barrier_one_tile_ns"] + part * (ns["barrier_ns"] - ns["barrier_one_tile_ns"])


def _notes(slowest: int) -> Sequence[str]:
    return (
        f"core {slowest} is the slowest",
        "every neuron is taken to be active, and the least time of a synaptic operation is used",
    )
