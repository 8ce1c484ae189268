r"""A floating-point network in the whole numbers of DYNAP-CNN and Speck.

The chip has layers of integrate-and-fire neurons without a leak; events pass on at once, and a
layer has one kernel.  All numbers of a layer share one scale, the largest under which weights and
biases fit into 8 bits and the threshold into 16.  A neuron that gets several times its threshold in
a tick fires as often in that tick; in the network it fires once a tick.

.. math:: S = \min\big(fit_8(W), fit_8(b), fit_{16}(v_{threshold}, v_{min})\big)

No lowest potential means the lowest that the chip can hold, at whatever scale that gives; as a
number of the network it would leave the weights no room, S at most 1.

Source: sinabs 3.1, how it prepares a network for the chip.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

import numpy as np
from numpy.typing import NDArray

from neuroloop.chips import plain, rounding, weights
from neuroloop.chips.quantised import Layer, Quantised, Wire
from neuroloop.chips.weights import Floats
from neuroloop.core.errors import ConfigError
from neuroloop.engine.delays import delay_ticks
from neuroloop.network.convolution import Convolution
from neuroloop.network.graph import Network, Number, Population, Projection
from neuroloop.network.pooling import Pooling

WEIGHT_BITS, STATE_BITS = 8, 16
LOWEST = -(1 << (STATE_BITS - 1))


def quantise(network: Network, dt_us: int, v_min: float | None = None) -> Quantised:
    """Return a network in whole numbers for DYNAP-CNN or Speck.

    Parameters
    ----------
    network
        Layers of ``integrate_and_fire`` with ``reset = "subtract"``, one projection into each:
        a convolution, a pooling or a list of synapses, without delay.
    dt_us
        Length of a tick in microseconds.
    v_min
        Lowest potential, in the unit of the potential, at most 0; None is the chip's own lowest.

    Raises
    ------
    ConfigError
        Where a part of it has no form on the chip: it names the part, the value and what would fit.
    """
    plain.check_synapses(network)
    _check_rings(network)
    populations: list[Population] = []
    layers: list[Layer] = []
    warnings: list[str] = []
    wires: dict[int, tuple[Projection, Wire]] = {}
    for p in network.populations:
        if plain.is_hosted(p):
            populations.append(p)
            continue
        cell = _cell(p, dt_us)
        into = [k for k, j in enumerate(network.projections) if j.target == p.name]
        _check_into(p, [network.projections[k] for k in into], dt_us)
        made = _layer(p, cell, [network.projections[k] for k in into], v_min)
        populations.append(made.population)
        layers.append(made.layer)
        warnings += made.warnings
        wires |= dict(zip(into, made.wires, strict=True))
    in_turn = [wires[k] for k in sorted(wires)]
    return Quantised(
        "dynapcnn",
        Network(network.inputs, tuple(populations), tuple(j for j, _ in in_turn)),
        {part.name: 0 for part in network.spiking},
        tuple(layers),
        tuple(wire for _, wire in in_turn),
        tuple(warnings),
    )


@dataclass(frozen=True)
class _Made:
    population: Population
    layer: Layer
    wires: Sequence[tuple[Projection, Wire]]
    warnings: Sequence[str]


def _cell(p: Population, dt_us: int) -> plain.Cell:
    """Return a population's neurons, where the chip has such."""
    where = f'population "{p.name}"'
    cell = plain.of(p, dt_us / 1e3, where)
    if cell.v_keep != 1 or cell.u_keep != 0:
        raise ConfigError(
            f"{where}: kind {p.kind} leaks, and DYNAP-CNN has no leak and no current; kind "
            '"integrate_and_fire" comes nearest, or a chip that leaks (loihi1, xylo)'
        )
    if not cell.subtract:
        raise ConfigError(
            f"{where}: a spike puts v to its rest, and DYNAP-CNN lowers v by the threshold; take "
            'kind "integrate_and_fire" with reset "subtract"'
        )
    if cell.refractory:
        raise ConfigError(
            f"{where}: a refractory time of {cell.refractory} ticks, and DYNAP-CNN has none; leave "
            "refractory_ms out"
        )
    return cell


def _check_rings(network: Network) -> None:
    before = {
        p.name: [j.source for j in network.projections if j.target == p.name]
        for p in network.populations
    }
    try:
        TopologicalSorter(before).prepare()
    except CycleError as error:
        ring = " -> ".join(error.args[1])
        raise ConfigError(
            f"the projections {ring} form a ring, and DYNAP-CNN has layers without recurrence; a "
            "chip with it is loihi1, loihi2 or xylo"
        ) from error


def _check_into(p: Population, into: Sequence[Projection], dt_us: int) -> None:
    for j in into:
        delay = delay_ticks(j, dt_us)
        if delay.any():
            raise ConfigError(
                f"projection {j.name}: a delay of {delay.max() * dt_us / 1e3:g} ms, and DYNAP-CNN "
                "passes events on at once; leave delay_ms out, or take a chip with delays (loihi1)"
            )
    if len(into) > 1:
        raise ConfigError(
            f'population "{p.name}": {len(into)} projections reach it '
            f"({', '.join(j.name for j in into)}), and a layer of DYNAP-CNN has one kernel; put "
            "their sources into one population, or into one input"
        )


def _layer(
    p: Population, cell: plain.Cell, into: Sequence[Projection], v_min: float | None
) -> _Made:
    where = f'population "{p.name}"'
    weight = np.concatenate([weights.of(j.connections) for j in into] or [np.zeros(0)])
    state = np.array([cell.threshold] if v_min is None else [cell.threshold, v_min])
    scale = min(fit(weight, WEIGHT_BITS), fit(cell.bias_v, WEIGHT_BITS), fit(state, STATE_BITS))
    threshold = round(cell.threshold * scale)
    if threshold < 1:
        largest, what = max(
            (np.abs(weight).max(initial=0.0), "weight"),
            (np.abs(cell.bias_v).max(initial=0.0), "bias"),
        )
        raise ConfigError(
            f"{where}: its threshold of {cell.threshold:g} above rest is 0 on the chip, because its"
            f" largest {what} is {largest:g}; a larger threshold or smaller numbers fit"
        )
    bias = np.rint(cell.bias_v * scale).astype(np.int32)
    lowest = LOWEST if v_min is None else round(v_min * scale)
    numbers = {"threshold": threshold, "v_min": lowest}
    arrays = {} if not len(bias) or (bias == bias[0]).all() else {"bias": bias}
    params: dict[str, Number] = {**numbers, **({} if arrays else {"bias": int(bias[0])})}
    if cell.v.any():
        arrays["v"] = np.rint(cell.v * scale).astype(np.int32)
    warnings: list[str] = []
    wires = [_wire(j, scale, warnings) for j in into]
    errors = {"threshold": threshold / scale / cell.threshold - 1.0}
    if cell.bias_v.any():
        some = cell.bias_v != 0
        errors["bias"] = float(np.abs(bias[some] / scale / cell.bias_v[some] - 1.0).max())
    made = Population(p.name, p.n, "dynapcnn.iaf", params, arrays)
    return _Made(made, Layer(p.name, p.kind, scale, numbers, errors), wires, warnings)


def fit(numbers: Floats, bits: int) -> float:
    """Return the largest scale under which numbers fit into so many bits, infinite for zeros."""
    if not numbers.any():
        return np.inf
    most, least = abs(float(numbers.max())), abs(float(numbers.min()))
    high, low = (1 << (bits - 1)) - 1, 1 << (bits - 1)
    return high / most if least * high <= most * low else low / least


def _wire(j: Projection, scale: float, warnings: list[str]) -> tuple[Projection, Wire]:
    wiring = j.connections
    if isinstance(wiring, Pooling):
        wiring = _as_convolution(wiring)
    wanted = weights.of(wiring) * scale
    whole: NDArray[np.int64] = np.rint(wanted).astype(np.int64)
    rounding.check_some_left(j.name, whole, wanted, f'the threshold or a bias of "{j.target}"')
    off = rounding.rms_off(whole, wanted)
    zeros = rounding.became_zero(whole, wanted, len(j.connections))
    if zeros > rounding.MANY_ZEROS * len(j.connections):
        warnings.append(
            f"projection {j.name}: {zeros:,} of {len(j.connections):,} weights became 0, because "
            "the largest, or the threshold, is so much larger"
        )
    kind = "dynapcnn." + {"static": "synapses"}.get(wiring.KIND, wiring.KIND)
    made = Projection(j.source, j.target, weights.put(wiring, whole), kind=kind)
    return made, Wire(j.name, len(j.connections), zeros, WEIGHT_BITS, 0, off, 0)


def _as_convolution(pooling: Pooling) -> Convolution:
    """Return a pooling as a layer of the chip: a sum over windows, then each map to itself."""
    channels = pooling.input_shape[0]
    each = np.eye(channels, dtype=np.float32)[:, :, None, None] * np.float32(pooling.weight)
    if pooling.window == pooling.steps:
        return Convolution(pooling.input_shape, each, pool=pooling.window)
    kernel = np.broadcast_to(each, (channels, channels, *pooling.window))
    return Convolution(pooling.input_shape, kernel, stride=pooling.steps)
