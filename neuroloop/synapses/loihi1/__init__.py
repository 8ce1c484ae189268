"""Synapses of Loihi 1."""
