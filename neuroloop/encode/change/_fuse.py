"""How long a pixel stays quiet whose light stays the same: until references have leaked so far.

The fuse of a block of pixels is the lift (how far all references have leaked) up to which each of
them is certain to be quiet, as long as its level stays where it is.  It is a little shorter than
the levels say, so that roundings do not matter.
"""

import numpy as np

from neuroloop.core.kernel import inline

BURNT = np.float32(-np.inf)
"""of a block that has to be looked at"""
MARGIN = np.float32(1e-4)


@inline
def burning(above, on, off, lift):
    """Return the fuse of a pixel from how far it is above its reference."""
    left = on - above - MARGIN
    return lift + left if above > MARGIN - off else BURNT
