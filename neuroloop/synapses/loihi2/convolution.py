r"""A convolution on Loihi 2: the flipped kernel around each graded spike, times its number.

.. math:: I_{o, y, x} = wrap_{24}\Bigl(\sum_{c, i, j} W_{o, c, i, j} \,
          s_{c, y s_y + i - p_y, x s_x + j - p_x}\Bigr) 2^e

s is what a spike carries, 1 for a plain one.  All else is as on Loihi 1
(`neuroloop.synapses.loihi1.convolution`): how weights are kept, the sums that wrap around to 24
bits, and delays of 1 to 64 ticks.

Source: Lava (lava-nc 0.10), its fixed-point convolution of graded spikes.
"""

from neuroloop.synapses.loihi1.convolution import ADDS, FORM, Config, build

SIGNAL = "graded"

__all__ = ["ADDS", "FORM", "SIGNAL", "Config", "build"]
