"""Processes beside the brain: a simulated body with its sensors, and sensors of their own."""
