"""What one source sends to a population, as Xylo's synapses of 8 bits."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuroloop.chips.quantised import Wire
from neuroloop.core.errors import ConfigError
from neuroloop.network.connections import by_source
from neuroloop.network.graph import Network, Projection

Floats = NDArray[np.float64]
BITS = 8
_ZEROS = 0.5
"""from which part of weights that became 0 there is a warning"""


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
    zeros = int(np.count_nonzero(wanted) - np.count_nonzero(whole))
    off = _rms_off(whole, wanted)
    wire = Wire(arrival.name, len(whole), zeros, BITS, shift, off, ticks)
    return projection, wire, _vanished(arrival, wire, wanted, whole)


def _vanished(arrival: Arrival, wire: Wire, wanted: Floats, whole: Floats) -> list[str]:
    """Warn of weights that are no longer there; refuse a projection of which none is."""
    largest = float(np.abs(wanted).max(initial=0.0))
    if largest and not whole.any():
        raise ConfigError(
            f"projection {wire.name}: all of its weights are 0 on the chip, the largest would be "
            f'{largest:.2g} of its units, because the threshold of "{arrival.target}" or another '
            "weight into it is too large beside them; larger weights or a smaller threshold fit"
        )
    if wire.zeros <= _ZEROS * wire.synapses:
        return []
    return [
        f"projection {wire.name}: {wire.zeros:,} of {wire.synapses:,} weights became 0, because "
        f'another weight into "{arrival.target}" is so much larger, and all of them have one '
        "scale; a smaller largest weight leaves them more"
    ]


def _rms_off(got: Floats, wanted: Floats) -> float:
    """Return the root mean square of what is off, as a part of theirs."""
    size = float(np.sqrt(np.mean(wanted**2))) if len(wanted) else 0.0
    return float(np.sqrt(np.mean((got - wanted) ** 2))) / size if size else 0.0
