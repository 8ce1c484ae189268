"""The networks of the run files that hear."""

import numpy as np

from neuroloop.network import Input, Network, Population, Projection, dense

GROUP = 10
"""neurons in a group; they start spread out so that they do not fire in step"""


def pitch(channels: int = 32) -> Network:
    """Low sounds excite *left*, high ones *right*, and the side that leads hushes the other.

    ``bands`` pools the channels of the ear, four to a neuron; ``motor`` is two groups, turn left
    and turn right, which the lower and the upper half of the bands excite.
    """
    bands = max(channels // 4, 2)
    pool = np.arange(channels) * bands // channels
    pooled = np.where(pool == np.arange(bands)[:, None], 0.4, 0.0)
    low = np.arange(bands) < bands // 2
    sides = np.repeat(np.where([low, ~low], 0.3, 0.0), GROUP, axis=0)
    rivals = np.kron([[0.0, -0.08], [-0.08, 0.0]], np.ones((GROUP, GROUP)))
    start = np.tile(np.linspace(0.0, 0.9, GROUP), 2)
    return Network(
        inputs=(Input("ear", channels),),
        populations=(
            Population("bands", bands, "lif", {"tau_m_ms": 20.0}),
            Population("motor", 2 * GROUP, "lif", {"tau_m_ms": 30.0}, {"v": start}),
        ),
        projections=(
            Projection("ear", "bands", dense(pooled)),
            Projection("bands", "motor", dense(sides)),
            Projection("motor", "motor", dense(rivals), delay_ms=1.0),
        ),
    )
