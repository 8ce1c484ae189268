"""Cores on the tiles of a chip's mesh, those that talk most beside each other.

Greedy: the core with most traffic to those that have a place goes where its spikes have the
shortest way.  The result depends on the network alone.
"""

import numpy as np
from numpy.typing import NDArray

from neuroloop.chips.profile import Profile
from neuroloop.core.values import Int32s

ENTRANCE = (0, 0)
"""tile at which spikes from outside are taken to enter; where they really do is not public"""


def tiles(profile: Profile) -> Int32s | None:
    """Return column and row of each place for a core; None where the mesh is not known."""
    columns, rows, cores = (
        profile.limit(f"chip_{name}") for name in ("columns", "rows", "tile_cores")
    )
    if columns is None or rows is None or cores is None:
        return None
    tile = np.arange(columns * rows).repeat(cores)
    return np.stack([tile % columns, tile // columns], 1).astype(np.int32)


def place(traffic: NDArray[np.int64], places: Int32s) -> Int32s:
    """Place cores.

    Parameters
    ----------
    traffic
        Spikes from core to core where each neuron fires once, ``int64[cores + 1, cores]``; the last
        row is what comes from outside.
    places
        Column and row of each place, ``int32[places, 2]``, at least as many as cores.

    Returns
    -------
    ndarray
        Column and row of each core's tile, ``int32[cores, 2]``.
    """
    n = traffic.shape[1]
    between = traffic[:n] + traffic[:n].T
    apart = np.abs(places[:, None] - places[None]).sum(axis=2)
    entrance = np.abs(places - np.array(ENTRANCE)).sum(axis=1)
    # the way of a core's spikes, were it at a place: grows as others find theirs
    cost = traffic[n][:, None] * entrance[None]
    drawn = traffic[n].copy()
    at = np.full(n, -1)
    free = np.ones(len(places), bool)
    for _ in range(n):
        waiting = np.flatnonzero(at < 0)
        core = waiting[np.argmax(drawn[waiting])]
        open_places = np.flatnonzero(free)
        at[core] = open_places[np.argmin(cost[core, open_places])]
        free[at[core]] = False
        drawn += between[core]
        cost += between[core][:, None] * apart[at[core]][None]
    result: Int32s = places[at]
    return result
