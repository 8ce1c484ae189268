"""Neuromorphic chips: what fits on them, what a network becomes there, and what it costs."""
