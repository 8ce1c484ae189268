"""Measurements on this machine, each in a file of its own; ``neuroloop bench`` shows them."""
