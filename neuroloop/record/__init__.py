"""Recorders: onlookers that write files."""
