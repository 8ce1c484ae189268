"""How wheels follow what is asked of them, the same in every plant."""

import math

from neuroloop.core.kernel import kernel

TOUCH_M = 0.001
"""a body this close to a surface, or closer, touches it"""


@kernel
def slew(speed, wanted, limit, change):
    """Return the wheel speed after one step, all in m/s.

    The wish is cut to ±``limit`` and approached by at most ``change``; what is not a number
    asks for a stop.
    """
    if math.isnan(wanted):
        wanted = 0.0
    wanted = min(max(wanted, -limit), limit)
    return min(max(wanted, speed - change), speed + change)
