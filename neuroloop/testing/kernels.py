"""Checks of compiled parts: whether a kind's file keeps the promises of its role.

>>> from neuroloop.neurons import lif
>>> check_neuron(lif)

They run the part beside guard zones with random input, go back to a snapshot and run again; all
memory must have the same bits.  Run them with ``NUMBA_BOUNDSCHECK=1`` too: then a read outside of
an array is caught as well.
"""

from neuroloop.testing.cells import check_neuron
from neuroloop.testing.joints import check_decoder, check_encoder, check_guard
from neuroloop.testing.rules import check_synapse

__all__ = ["check_decoder", "check_encoder", "check_guard", "check_neuron", "check_synapse"]
