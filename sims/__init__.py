"""Simulated worlds: one folder a plant, and the bodies and worlds they read."""
