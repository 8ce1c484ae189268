"""Synapses of Loihi 2, for graded spikes."""
