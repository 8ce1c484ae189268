"""Neurons of Xylo, in the chip's whole numbers."""
