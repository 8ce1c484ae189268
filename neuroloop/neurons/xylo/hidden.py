r"""Hidden neuron of Xylo (core v2): 16 bits, decay by shifts, two synapses, several spikes a tick.

.. math::
   i_j \leftarrow i_j - D(i_j, dash_{syn,j}), \qquad
   v \leftarrow v + (i_1 + i_2 - D(v, dash_{mem}) + bias)

.. math:: n = floor(v / threshold), \qquad v \leftarrow v - n \cdot threshold

A decay D(x, dash) is x >> dash, and 1 where that is 0 and x above it: so all decays to 0.

In each tick: the spikes that arrived are added to the currents, one by one, cut to 16 bits each
time (`neuroloop.synapses.xylo.synapses`); the currents decay, by at least 1; v decays, takes the
currents and the bias, cut to 16 bits after each sum; the neuron fires as often as its threshold
fits into v, 31 times at most, and what is left over stays.  A neuron with an ``alias`` gives its
spikes to that one, too, in the order of the neurons: to one of a higher number before it fires, so
that both together fire 31 times at most.

A spike carries how often the neuron fired, ``payload``.

Source: the public simulator of the chip (xylosim 0.1.3, core v2), whose every number this gives.
"""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from neuroloop.core.errors import ConfigError
from neuroloop.core.kernel import entry, kernel
from neuroloop.core.native import i32, u8
from neuroloop.core.ports import Cell, Kernel
from neuroloop.engine.counted import NEURON_WORDS
from neuroloop.engine.row import OUT, SILENT, N, fire, spiking, state_i32, state_i64
from neuroloop.engine.saturated import settle
from neuroloop.neurons.xylo import _membrane
from neuroloop.neurons.xylo._membrane import (
    Bias,
    Dash,
    Threshold,
    busy,
    decay,
    moved,
    spend,
    spikes_of,
    tally,
)

RECEPTORS = ("syn1", "syn2")
SIGNAL = "graded"
COUNTS = True
"""what a spike carries is how often the neuron fired"""
INPUT = np.int32
ARRAYS = ("dash_mem", "dash_syn", "dash_syn2", "threshold", "bias", "alias")
MOST_SPIKES = 31
"""of a neuron in a tick"""
(
    I_1,
    I_2,
    V,
    DASH_MEM,
    DASH_SYN,
    DASH_SYN2,
    THRESHOLD,
    BIAS,
    COUNTED,
    PAYLOAD,
    ALIAS,
) = range(11)


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters in the chip's numbers; each may be given per neuron as an array.

    One more array is ``alias``: the neuron of the population that each gives its spikes to, too, -1
    for none.
    """

    dash_mem: Dash = 4
    """decay of the potential: a time constant of about 2^dash ticks"""
    dash_syn: Dash = 2
    """decay of the first current"""
    dash_syn2: Dash = 2
    """decay of the second current"""
    threshold: Threshold = 1024
    bias: Bias = 0
    """what v gains in a tick"""


@kernel
def integrate(v, first, second, dash, bias):
    """Move ``int32[n]`` potentials by a tick."""
    for j in range(v.shape[0]):
        v[j] = moved(v[j], np.int32(first[j] + second[j]), dash[j], bias[j])


@kernel
def spend_in_order(v, threshold, times, alias, silent):
    """Let neurons fire one after the other and give spikes to their aliases.

    A silenced neuron gives none.
    """
    most = np.int32(MOST_SPIKES)
    times[:] = 0
    for j in range(v.shape[0]):
        own = spikes_of(v[j], threshold[j], np.int32(most - times[j]))
        v[j] -= own * threshold[j]
        times[j] += own
        other = alias[j]
        if 0 <= other < v.shape[0] and not silent[j]:
            times[other] = min(times[other] + times[j], most)


@kernel
def _until_spikes(arena, row):
    """Do what comes before neurons fire; returns how many were active, and how many cut."""
    n = row[N]
    v = state_i32(arena, row, V, n)
    first, second = state_i32(arena, row, I_1, n), state_i32(arena, row, I_2, n)
    missed = settle(arena, row, 0, first) + settle(arena, row, 1, second)
    active = busy(v, first, second)
    decay(first, state_i32(arena, row, DASH_SYN, n))
    decay(second, state_i32(arena, row, DASH_SYN2, n))
    dash, bias = state_i32(arena, row, DASH_MEM, n), state_i32(arena, row, BIAS, n)
    integrate(v, first, second, dash, bias)
    return active, missed


@kernel
def _after_spikes(arena, row, active, missed):
    fire(arena, row)
    n = row[N]
    counted, spikes = state_i64(arena, row, COUNTED, NEURON_WORDS), i32(arena, row[OUT], n + 1)
    tally(counted, active, missed, spikes, state_i32(arena, row, PAYLOAD, n))


@entry
def step(arena, row):
    n = row[N]
    active, missed = _until_spikes(arena, row)
    v, threshold = state_i32(arena, row, V, n), state_i32(arena, row, THRESHOLD, n)
    times = state_i32(arena, row, PAYLOAD, n)
    spend(v, threshold, times, spiking(arena, row), np.int32(MOST_SPIKES))
    _after_spikes(arena, row, active, missed)


@entry
def step_with_aliases(arena, row):
    n = row[N]
    active, missed = _until_spikes(arena, row)
    v, threshold = state_i32(arena, row, V, n), state_i32(arena, row, THRESHOLD, n)
    times, fires = state_i32(arena, row, PAYLOAD, n), spiking(arena, row)
    alias, silent = state_i32(arena, row, ALIAS, n), u8(arena, row[SILENT], n)
    spend_in_order(v, threshold, times, alias, silent)
    for j in range(times.shape[0]):
        fires[j] = np.uint8(times[j] > 0)
    _after_spikes(arena, row, active, missed)


def build(config: Config, cell: Cell) -> Kernel:
    """Lay out the neurons."""
    zeros = np.zeros(cell.n, np.int32)
    alias = _aliases(cell)
    parameters = _membrane.arrays(
        cell.n,
        cell.arrays,
        dash_mem=config.dash_mem,
        dash_syn=config.dash_syn,
        dash_syn2=config.dash_syn2,
        threshold=config.threshold,
        bias=config.bias,
    )
    state = {"i": zeros, "i2": zeros, "v": zeros, **parameters, "payload": zeros, "alias": alias}
    chosen = step_with_aliases if (alias >= 0).any() else step
    return Kernel(chosen, state=state, dynamic=("i", "i2", "v"))


def _aliases(cell: Cell) -> NDArray[np.int32]:
    """Return the alias of each neuron, ``int32[n]``."""
    given = cell.arrays.get("alias")
    if given is None:
        return np.full(cell.n, -1, np.int32)
    if given.shape != (cell.n,):
        raise ConfigError(f"alias has shape {given.shape}, not ({cell.n},)")
    wrong = (given < -1) | (given >= cell.n) | (given != np.rint(given))
    wrong |= given == np.arange(cell.n)
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        raise ConfigError(
            f"alias is {given[first]:g} of neuron {first}; it names another neuron, 0 to "
            f"{cell.n - 1}, or is -1 for none"
        )
    return given.astype(np.int32)
