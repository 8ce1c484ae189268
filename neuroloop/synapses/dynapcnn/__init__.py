"""Synapses of DYNAP-CNN and Speck."""
