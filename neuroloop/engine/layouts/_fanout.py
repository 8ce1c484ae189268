"""How many synapses spikes used, where rows do not show it themselves."""

import numpy as np
from numpy.typing import NDArray

from neuroloop.core.kernel import kernel
from neuroloop.core.ports import Bundle
from neuroloop.engine.layouts._facts import starts


@kernel
def used(spikes, fanout):
    """Count the synapses of the neurons that fired."""
    total = 0
    for k in range(spikes[0]):
        total += fanout[spikes[k + 1]]
    return total


def fanout(bundle: Bundle) -> NDArray[np.uint32]:
    """Return how many synapses each source has, ``uint32[n_pre]``."""
    return np.diff(starts(bundle)).astype(np.uint32)
