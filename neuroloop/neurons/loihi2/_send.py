"""How graded spikes leave: whatever is not 0 is one."""

import numpy as np

from neuroloop.core.kernel import inline
from neuroloop.core.native import i32
from neuroloop.engine.counted import SENT
from neuroloop.engine.row import OUT, fire, spiking


@inline
def send(arena, row, payload, counted):
    """Fire the neurons whose ``payload``, ``int32[n]``, is not 0, and count the spikes."""
    fires = spiking(arena, row)
    for i in range(fires.shape[0]):
        fires[i] = np.uint8(payload[i] != 0)
    fire(arena, row)
    counted[SENT] += i32(arena, row[OUT], 1)[0]
