"""Synapses that add their weights, which are whole numbers, as they are."""

import numpy as np
from msgspec import Struct

from neuroloop.core.ports import Bundle, Kernel
from neuroloop.synapses import _whole

ADDS = np.int32
SIGNAL = "graded"


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """It has no settings."""


def build(config: Config, bundle: Bundle) -> Kernel:
    """Lay out the synapses."""
    del config
    return _whole.build(bundle, bundle.connections.weight.astype(np.int32))
