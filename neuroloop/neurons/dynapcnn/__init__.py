"""Neurons of DYNAP-CNN and Speck."""
