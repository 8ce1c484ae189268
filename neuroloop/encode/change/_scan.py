"""Which pixels have to be looked at: those outside of two greys each, 64 of them at a time.

A pixel that keeps within its two greys is certain to give no event, so in most scenes almost all
of them cost three bytes read and a compare.
"""

from typing import Any

import numpy as np

from neuroloop.core.kernel import kernel
from neuroloop.core.native import lowest
from neuroloop.encode.change import _lanes
from neuroloop.encode.change._lanes import PIXELS


@kernel
def outside(grey, low, high, some, active, n):
    """List the pixels whose grey is not in ``low`` to ``high``.

    ``some`` are the first block of 64 pixels to look at, and the last, which is not looked at;
    ``n`` is how many there are in the list, which is returned as it is then.
    """
    for block in range(some[0], some[1]):
        word: Any = _lanes.outside(grey, low, high, block * PIXELS)
        while word != np.uint64(0):
            active[n] = block * PIXELS + lowest(word)
            n += 1
            word &= word - np.uint64(1)
    return n
