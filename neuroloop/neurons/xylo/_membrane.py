"""What hidden and output neurons of Xylo share: decay by shifts, potentials of 16 bits, spikes."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from neuroloop.core.errors import ConfigError
from neuroloop.core.kernel import inline, kernel
from neuroloop.engine.counted import ACTIVE, NEURON_WORDS, SATURATED, SENT
from neuroloop.engine.saturated import HIGHEST, LOWEST, cut

Dash = Annotated[int, msgspec.Meta(ge=0, le=15)]
"""a decay: each tick takes x >> dash off a number x, at least 1"""
Threshold = Annotated[int, msgspec.Meta(ge=1, le=HIGHEST)]
Bias = Annotated[int, msgspec.Meta(ge=LOWEST, le=HIGHEST)]

_RANGES = {"dash": (0, 15), "threshold": (1, HIGHEST), "bias": (LOWEST, HIGHEST)}
"""of each array, by the first word of its name"""
_ONE, _ZERO = np.int32(1), np.int32(0)


@inline
def fallen(x, dash):
    """Return what a decay takes off ``x`` (int32): x >> dash, but 1 where x > 0 and that is 0."""
    down = np.int32(x >> dash)
    return _ONE if (down == _ZERO) & (x > _ZERO) else down


@inline
def moved(volt, current, dash, bias):
    """Return the potential after a tick, before spikes; each of its three sums is cut.

    What a decay gives back has 16 bits: with a dash of 0 that of -32768 is -32768.
    """
    back = np.int32(np.int16(-fallen(volt, dash)))
    step = cut(np.int32(cut(np.int32(current + back)) + bias))
    return cut(np.int32(volt + step))


@kernel
def busy(v, first, second):
    """Return how many neurons have a potential or a current that is not 0."""
    active = np.int32(0)
    for j in range(v.shape[0]):
        active += np.int32((v[j] | first[j] | second[j]) != _ZERO)
    return active


@kernel
def decay(current, dash):
    """Let ``int32[n]`` currents decay."""
    for j in range(current.shape[0]):
        x = current[j]
        current[j] = np.int32(x - fallen(x, dash[j]))


@inline
def spikes_of(volt, threshold, most):
    """Return how often a neuron fires: the thresholds that fit into its potential, up to ``most``.

    The quotient of two numbers of 15 bits, rounded to float32, never reaches the next whole one.
    """
    above = volt if volt > _ZERO else _ZERO
    times = np.int32(np.float32(above) / np.float32(threshold))
    return times if times < most else most


@kernel
def spend(v, threshold, times, fires, most):
    """Let neurons fire, up to ``most`` times; ``times`` and the mask ``fires`` say how often."""
    for j in range(v.shape[0]):
        volt, limit = v[j], threshold[j]
        n = spikes_of(volt, limit, most)
        v[j] = np.int32(volt - n * limit)
        times[j] = n
        fires[j] = np.uint8(n > _ZERO)


@kernel
def tally(counted, active, missed, spikes, times):
    """Count a tick: ``spikes`` is the list of neurons that fired, ``times`` how often each did."""
    counted[ACTIVE] += active
    counted[SATURATED] += missed
    for k in range(spikes[0]):
        counted[SENT] += times[spikes[k + 1]]


def arrays(
    n: int, given: Mapping[str, NDArray[np.float64]], **default: int
) -> dict[str, NDArray[Any]]:
    """Return parameters as ``int32[n]``: a population's own arrays, or one number for all.

    Raises
    ------
    ConfigError
        Where an array has another length, or a number is not whole or out of range.
    """
    made: dict[str, NDArray[Any]] = {
        name: _whole(given[name], name, n) if name in given else np.full(n, value, np.int32)
        for name, value in default.items()
    }
    return {**made, "counted": np.zeros(NEURON_WORDS, np.int64)}


def _whole(array: NDArray[np.float64], name: str, n: int) -> NDArray[np.int32]:
    low, high = _RANGES[name.partition("_")[0]]
    if array.shape != (n,):
        raise ConfigError(f"{name} has shape {array.shape}, not ({n},)")
    wrong = array[(array < low) | (array > high) | (array != np.rint(array))]
    if wrong.size:
        raise ConfigError(
            f"{name} is {wrong[0]:g} of one neuron; a whole number from {low} to {high} is wanted"
        )
    return array.astype(np.int32)
