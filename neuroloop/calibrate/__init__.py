"""Calibration: the two lengths of a body file that turn wheel speeds into motion."""
