"""Backends: where an engine finds its kinds; one file each."""
