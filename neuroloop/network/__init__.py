"""A network is data: populations, projections and inputs as plain frozen values."""

from neuroloop.network.connect import all_to_all, dense, fixed_probability, one_to_one
from neuroloop.network.connections import Connections, pairs
from neuroloop.network.file import load, save
from neuroloop.network.graph import Input, Network, Population, Projection
from neuroloop.network.layers import load_layers

__all__ = [
    "Connections",
    "Input",
    "Network",
    "Population",
    "Projection",
    "all_to_all",
    "dense",
    "fixed_probability",
    "load",
    "load_layers",
    "one_to_one",
    "pairs",
    "save",
]
