"""Neurons of Loihi 1, in the chip's whole numbers."""
