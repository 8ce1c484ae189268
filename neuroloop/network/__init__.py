"""A network is data: populations, projections and inputs as plain frozen values.

What `Projection.connections` can be:

====================================================================  ==============================
``pairs(pre, post, weight)``                                          arrays of indices
``dense(matrix)``, ``from_sparse(matrix)``                            a matrix ``[post, pre]``
``one_to_one(n)``, ``all_to_all(n_pre, n_post)``                      a rule
``fixed_probability(n_pre, n_post, probability)``                     each pair by itself
``fixed_in_degree(n_pre, n_post, degree)``                            so many sources a target
``fixed_out_degree(n_pre, n_post, degree)``                           so many targets a source
``fixed_total(n_pre, n_post, total)``                                 so many synapses
``distance_dependent(pre_xy, post_xy, probability)``                  by distance
``blocks(n_pre, n_post, parts)``                                      several of them, joined
``Convolution(input_shape, kernel)``, ``Pooling(input_shape, size)``  a kernel, never unrolled
====================================================================  ==============================

A ``weight`` is a number for all, an array in the order of the connections, or a distribution:
`Normal`, `LogNormal`, `Uniform`, or any ``f(rng, n)``.  `draw` makes delays from the same, and
`with_weights` changes weights afterwards.
"""

from neuroloop.network.chance import (
    fixed_in_degree,
    fixed_out_degree,
    fixed_probability,
    fixed_total,
)
from neuroloop.network.connect import all_to_all, dense, from_sparse, one_to_one
from neuroloop.network.connections import Connections, pairs, with_weights
from neuroloop.network.convolution import Convolution
from neuroloop.network.distance import Exponential, Gaussian, distance_dependent, distances
from neuroloop.network.draw import LogNormal, Normal, Uniform, draw, in_steps
from neuroloop.network.file import load, save
from neuroloop.network.graph import Input, Network, Population, Projection
from neuroloop.network.join import blocks
from neuroloop.network.layers import load_layers
from neuroloop.network.pooling import Pooling
from neuroloop.network.quantise import quantise
from neuroloop.network.wiring import Wiring

__all__ = [
    "Connections",
    "Convolution",
    "Exponential",
    "Gaussian",
    "Input",
    "LogNormal",
    "Network",
    "Normal",
    "Pooling",
    "Population",
    "Projection",
    "Uniform",
    "Wiring",
    "all_to_all",
    "blocks",
    "dense",
    "distance_dependent",
    "distances",
    "draw",
    "fixed_in_degree",
    "fixed_out_degree",
    "fixed_probability",
    "fixed_total",
    "from_sparse",
    "in_steps",
    "load",
    "load_layers",
    "one_to_one",
    "pairs",
    "quantise",
    "save",
    "with_weights",
]
