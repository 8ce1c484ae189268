"""The network of `series.toml`: neurons that fire when a bearing is hot and shakes, not for one."""

import numpy as np

from neuroloop.network import Input, Network, Population, Projection, dense

NEURONS = 10
"""they start spread out so that they do not fire in step"""


def alarm(hot: float = 0.008, shaking: float = 0.035) -> Network:
    """Add up heat and vibration in leaky neurons, whose threshold parts bad days from busy ones.

    A neuron's potential settles at weight x rate x tau_m.  At 80 degrees and 3 mm/s that is
    (0.008 * 0.16 + 0.035 * 0.06) * 200, with rates in spikes a ms: 0.68 of the threshold.  At 95
    degrees and 8 mm/s it is 1.4.
    """
    weights = np.tile([[hot, shaking, 0.0, 0.0]], (NEURONS, 1))
    start = {"v": np.linspace(0.0, 0.5, NEURONS)}
    return Network(
        inputs=(Input("level", 4),),
        populations=(Population("alarm", NEURONS, "lif", {"tau_m_ms": 200.0}, start),),
        projections=(Projection("level", "alarm", dense(weights)),),
    )
