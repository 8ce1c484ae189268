"""Synapses whose weights never change: each spike adds its weight to the target's input.

A spike of tick t with a delay of d ticks is in the target's input of tick t + d, exactly; a delay
of 0 acts in the same tick.  How they lie in memory is chosen by `neuroloop.engine.choose`.
"""

from msgspec import Struct

from neuroloop.core.ports import Bundle, Kernel
from neuroloop.engine import choose

TOUCHES = True
"""it can flag whom a spike reaches, for targets that visit no others"""


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """It has no settings."""


def build(config: Config, bundle: Bundle) -> Kernel:
    """Lay out the synapses."""
    del config
    return choose.build(bundle)
