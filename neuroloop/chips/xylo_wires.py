"""What one source sends to a population, as Xylo's synapses of 8 bits."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuroloop.chips import rounding
from neuroloop.chips.quantised import Wire
from neuroloop.chips.weights import Floats
from neuroloop.network.connections import by_source
from neuroloop.network.graph import Network, Projection

BITS = 8


@dataclass(frozen=True, eq=False)
class Arrival:
    """What one source sends to one synapse of a population's neurons; no pair comes twice."""

    name: str
    source: str
    target: str
    synapse: int
    pre: NDArray[np.int64]
    post: NDArray[np.int64]
    weight: Floats
    """what v gains at once, in the network's unit"""


def made(
    arrival: Arrival, wanted: Floats, shift: int, network: Network, dt_ms: float
) -> tuple[Projection, Wire, list[str]]:
    """Return a projection of the chip, what is known of it, and what is to be said.

    Parameters
    ----------
    arrival
        What it is made from.
    wanted
        Its weights in the chip's units, which are rounded here.
    shift
        Of all weights of its kind.
    network
        The floating-point one.
    dt_ms
        Length of a tick.

    Raises
    ------
    ConfigError
        Where all of its weights become 0.
    """
    whole = np.rint(wanted)
    ticks = 0 if any(i.name == arrival.source for i in network.inputs) else 1
    ends = (arrival.pre.astype(np.uint32), arrival.post.astype(np.uint32))
    projection = Projection(
        *(arrival.source, arrival.target),
        by_source(*ends, whole.astype(np.float32), network.size(arrival.source)),
        delay_ms=ticks * dt_ms,
        receptor=f"syn{arrival.synapse + 1}",
        kind="xylo.synapses",
        params={"shift": shift},
    )
    cause = f'the threshold of "{arrival.target}" or another weight into it'
    rounding.check_some_left(arrival.name, whole, wanted, cause)
    zeros = rounding.became_zero(whole, wanted, len(whole))
    off = rounding.rms_off(whole, wanted)
    wire = Wire(arrival.name, len(whole), zeros, BITS, shift, off, ticks)
    return projection, wire, _vanished(arrival, wire)


def _vanished(arrival: Arrival, wire: Wire) -> list[str]:
    """Warn of weights that are no longer there."""
    if wire.zeros <= rounding.MANY_ZEROS * wire.synapses:
        return []
    return [
        f"projection {wire.name}: {wire.zeros:,} of {wire.synapses:,} weights became 0, because "
        f'another weight into "{arrival.target}" is so much larger, and all of them have one '
        "scale; a smaller largest weight leaves them more"
    ]
