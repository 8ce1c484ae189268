r"""Synapses of Loihi 2: weights times the number that a graded spike carries.

.. math:: a = \begin{cases} \big(\sum_j W_j\, s_j\big) \cdot 2^{e} & e \ge 0 \\
          \big\lfloor \sum_j W_j\, s_j \cdot 2^{e} \big\rfloor & e < 0 \end{cases}

s is what a spike carries, 1 for a plain one.  All else is as on Loihi 1
(`neuroloop.synapses.loihi1.synapses`): how weights are kept, the sums, and delays of 1 to 64 ticks.
Sums are formed in 32 bits and wrap around beyond them.

Source: Lava (lava-nc 0.10), its synapses for graded spikes in fixed point.
"""

from neuroloop.synapses.loihi1.synapses import ADDS, Config, build

SIGNAL = "graded"

__all__ = ["ADDS", "SIGNAL", "Config", "build"]
