"""Random numbers in the tick: a generator of 32 bits of state for each unit that needs one.

Source: G. Marsaglia, "Xorshift RNGs", Journal of Statistical Software 8(14), 2003.
"""

import numpy as np

from neuroloop.core.kernel import inline


@inline
def after(x):
    """Return the state after ``x``, ``uint32`` and not 0; all others come before one repeats."""
    x = np.uint32(x ^ np.uint32(x << np.uint32(13)))
    x = np.uint32(x ^ np.uint32(x >> np.uint32(17)))
    return np.uint32(x ^ np.uint32(x << np.uint32(5)))


@inline
def fraction(x):
    """Return a state as a number from 0 to 1, ``float32``: the largest states round to 1."""
    return np.float32(x) * np.float32(2.0**-32)
