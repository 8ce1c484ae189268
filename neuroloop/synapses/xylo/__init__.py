"""Synapses of Xylo."""
