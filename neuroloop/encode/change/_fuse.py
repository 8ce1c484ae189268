"""How long a pixel stays quiet whose light stays the same: until references have leaked so far.

The fuse of sixteen neighbours is the lift (how far all references have leaked) up to which each of
them is certain to be quiet, as long as its level stays where it is.  It is a little shorter than
the levels say, so that roundings do not matter.
"""

import numpy as np

BURNT = np.float32(-np.inf)
"""of pixels that have to be looked at"""
MARGIN = np.float32(1e-4)
