"""Ways of spikes: which cores hear which, and how far they are from each other."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from neuroloop.chips.fit import mesh
from neuroloop.chips.fit.arriving import Arriving
from neuroloop.chips.fit.parts import Parts
from neuroloop.chips.fit.placed import Placed, Route
from neuroloop.chips.fit.plan import Core
from neuroloop.chips.profile import Profile
from neuroloop.core.values import Int32s
from neuroloop.network.graph import Network


def placed(
    found: Sequence[Arriving],
    parts: Sequence[Parts],
    cores: Sequence[Core],
    network: Network,
    profile: Profile,
) -> Placed:
    """Place cores on the chip's mesh and return the way of each projection's spikes."""
    sizes = {part.name: part.n for part in network.spiking}
    where = _cores_of_parts(parts, cores)
    core_of = {
        a.population.name: where[k][p.of] for k, (a, p) in enumerate(zip(found, parts, strict=True))
    }
    n = len(cores)
    homes = {name: core_of.get(name, np.full(size, n, np.int32)) for name, size in sizes.items()}
    ways = [
        (r, homes[r.source][r.unit], where[k][r.part])
        for k, p in enumerate(parts)
        for r in p.reaches
    ]
    places = mesh.tiles(profile)
    position = None
    if places is not None:
        traffic = np.zeros((n + 1) * n, np.int64)
        for _, start, end in ways:
            traffic += np.bincount(start.astype(np.int64) * n + end, minlength=(n + 1) * n)
        position = mesh.place(traffic.reshape(n + 1, n), places)
    still = Route(0.0) if position is None else Route(0.0, 0.0, 0.0)
    routes = [still] * len(network.projections)
    for r, start, end in ways:
        # what shares axons with it takes no way of its own
        routes[r.projections[0]] = _route(start, end, sizes[r.source], position)
    return Placed(core_of, position, routes)


def _cores_of_parts(parts: Sequence[Parts], cores: Sequence[Core]) -> list[Int32s]:
    where = [np.zeros(p.n, np.int32) for p in parts]
    for number, core in enumerate(cores):
        for k, part in core.members:
            where[k][part] = number
    return where


def _route(
    start: NDArray[np.int32], end: NDArray[np.int32], units: int, position: Int32s | None
) -> Route:
    """Return the mean way of a spike, of all units of its source."""
    if position is None:
        return Route(len(end) / units)
    at = np.vstack([position, np.array(mesh.ENTRANCE, np.int32)])
    across, down = np.abs(at[start] - at[end]).sum(axis=0, dtype=np.int64)
    return Route(len(end) / units, float(across) / units, float(down) / units)
