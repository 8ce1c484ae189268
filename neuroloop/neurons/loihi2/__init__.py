"""Neurons of Loihi 2 whose spikes carry a number."""
