"""Decoders: spikes become motion."""
