"""Sensors of a simulated robot: they read the plant of the run."""
