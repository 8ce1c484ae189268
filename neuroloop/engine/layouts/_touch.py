"""Flags of the target's blocks that rows reach, for targets that visit no others."""

import numpy as np

from neuroloop.core.kernel import kernel
from neuroloop.engine.row import BLOCK, LINE

LINES = np.uint32(BLOCK // LINE)


@kernel
def touch(flags, spikes, start, target):
    """Flag the lines of blocks that the rows of the neurons that fired reach."""
    for k in range(spikes[0]):
        to = target[start[spikes[k + 1]] : start[spikes[k + 1] + 1]]
        for j in range(to.shape[0]):
            line = to[j] // np.uint32(LINE)
            flags[line // LINES] |= np.uint8(2 << (line % LINES))
