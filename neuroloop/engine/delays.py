"""Delays in ticks, the slots they need, and the order of rows in which a delay of 0 is at once."""

from collections.abc import Iterable, Sequence
from graphlib import CycleError, TopologicalSorter

import numpy as np

from neuroloop.core.errors import ConfigError
from neuroloop.core.values import Int32s
from neuroloop.network.graph import Network, Projection

_AT_ONCE = 1 << 22
"""delays looked at together: more would not fit into the memory of a small machine"""


def delay_ticks(j: Projection, dt_us: int) -> Int32s:
    """Return a projection's delays in whole ticks, ``int32[s]``; one for all takes no memory."""
    given = np.asarray(j.delay_ms)
    whole = np.empty(given.size, np.int32)
    for first in range(0, given.size, _AT_ONCE):
        with np.errstate(over="ignore"):
            ticks = given.reshape(-1)[first : first + _AT_ONCE].astype(np.float64) * 1e3 / dt_us
        near = np.rint(ticks)
        if (near > 65_535).any():
            raise ConfigError(
                f"projection {j.name}: a delay of {near.max() * dt_us / 1e3:g} ms is longer than "
                f"65,535 ticks of {dt_us / 1e3:g} ms; longer ticks reach further"
            )
        off = np.abs(ticks - near)
        # a delay may have come as float32
        if (off > 1e-6 * np.maximum(ticks, 1)).any():
            worst = float(ticks[np.argmax(off)]) * dt_us / 1e3
            raise ConfigError(
                f"projection {j.name}: a delay of {worst:g} ms is not a whole number of ticks of "
                f"{dt_us / 1e3:g} ms"
            )
        whole[first : first + _AT_ONCE] = near
    return whole if given.ndim else np.broadcast_to(whole[0], len(j.connections))


def slots_for(ahead: Sequence[int]) -> int:
    """Return the length of a ring of inputs: a power of two above the farthest tick."""
    return 1 << max(ahead, default=0).bit_length()


def in_order(network: Network, delays: Iterable[Int32s]) -> list[str]:
    """Sort populations so that delay 0 reaches its target after its source, as they are given."""
    before: dict[str, list[str]] = {p.name: [] for p in network.populations}
    for j, delay in zip(network.projections, delays, strict=True):
        if j.source in before and (delay == 0).any():
            before[j.target].append(j.source)
    try:
        return list(TopologicalSorter(before).static_order())
    except CycleError as error:
        ring = " -> ".join(error.args[1])
        raise ConfigError(
            f"the projections {ring} form a ring with a delay of 0; "
            "one of them needs a delay of at least one tick"
        ) from error
