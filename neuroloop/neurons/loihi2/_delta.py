r"""Delta encoding: only a change that is large enough leaves, and what is left over is kept.

.. math::
   d = y - act + residue, \qquad s = d \text{ where } |d| \ge v_{th} \text{, else } 0, \qquad
   residue \leftarrow d - s, \qquad act \leftarrow y

With ``cumulative``, changes that are too small add up: :math:`error \leftarrow error + d` is
compared with the threshold in place of d, and is 0 after a spike.
"""

import numpy as np

from neuroloop.core.kernel import inline


@inline
def encode(y, act, residue, error, threshold, cumulative):
    """Return the change that leaves, and the new residue and error; all int32."""
    change = np.int32(y - act + residue)
    summed = np.int32(error + change) if cumulative else np.int32(0)
    judged = summed if cumulative else change
    spike = change if (judged >= threshold) | (judged <= -threshold) else np.int32(0)
    kept = summed if spike == 0 else np.int32(0)
    return spike, np.int32(change - spike), kept
