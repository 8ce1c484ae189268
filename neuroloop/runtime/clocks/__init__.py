"""Clocks: what makes ticks."""
