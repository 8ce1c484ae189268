"""Where a network lies on a chip, and how far its spikes travel there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from neuroloop.core.values import Int32s


@dataclass(frozen=True)
class Route:
    """How a spike of one projection travels: means over all units of its source."""

    cores: float
    """cores that it is sent to; 0 where it takes the axons of another projection of its source"""
    east_west: float | None = None
    """steps from tile to tile along a row of the mesh, summed over those cores; None where the
    mesh of the chip is not known"""
    north_south: float | None = None
    """and along a column"""


@dataclass(frozen=True, eq=False)
class Placed:
    """A network on its cores."""

    core_of: Mapping[str, Int32s]
    """by population: the core of each neuron, ``int32[n]``"""
    position: Int32s | None
    """column and row of each core's tile, ``int32[cores, 2]``; None where the mesh is not known"""
    routes: Sequence[Route]
    """one a projection of the network, in its order"""

    def fan_cores(self, projection: int) -> float:
        """Return the mean number of cores that a spike of a projection is sent to."""
        return self.routes[projection].cores

    def hops(self, projection: int) -> float | None:
        """Return the mean number of hops of a spike, over all its target cores.

        None where the mesh of the chip is not known.
        """
        route = self.routes[projection]
        if route.east_west is None or route.north_south is None:
            return None
        return route.east_west + route.north_south
