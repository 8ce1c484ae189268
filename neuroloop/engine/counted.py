"""What parts of a chip count as they run: for its energy, and for what the chip changed.

A neuron kind of a chip has a state array ``counted``, ``int64[4]``, a synapse kind one of
``int64[2]``.  They only ever go up, and a reset of the network leaves them.
"""

ACTIVE, OVERFLOWS, SATURATED, SENT = range(4)
"""neurons: updates in which an input or the state was not 0, numbers that wrapped around, numbers
that were cut to their range, and spikes (several of one neuron in a tick count one by one)"""
NEURON_WORDS = 4
SYNOPS, EVENTS = range(2)
"""synapses: weights that were added, and spikes of the source that were taken"""
SYNAPSE_WORDS = 2
