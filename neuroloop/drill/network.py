"""The network of the drills' robot: each wheel has its neurons, and a fuse may burn."""

import numpy as np

from neuroloop.network import Input, Network, Population, Projection, dense

GROUP = 10
"""neurons of a wheel"""


def circle(fuse: str = "") -> Network:
    """Pass each number of the pulse on to its wheel; negative ones to none.

    ``fuse`` adds a neuron that does what its name says (`parts.fuse`) at the first spike of the
    input ``spark``.
    """
    wheels = np.zeros((2 * GROUP, 4))
    wheels[:GROUP, 0] = wheels[GROUP:, 1] = 1.2
    inputs, populations = [Input("pulse", 4)], [Population("motor", 2 * GROUP)]
    projections = [Projection("pulse", "motor", dense(wheels))]
    if fuse:
        inputs.append(Input("spark", 2))
        populations.append(Population("fuse", 1, "neuroloop.drill.parts.fuse", {"what": fuse}))
        projections.append(Projection("spark", "fuse", dense(np.array([[1.0, 0.0]]))))
    return Network(tuple(inputs), tuple(populations), tuple(projections))
