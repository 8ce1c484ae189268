"""The check of a neuron model."""

from collections.abc import Callable, Mapping
from types import ModuleType

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from neuroloop.core.ports import Cell
from neuroloop.core.values import Spikes
from neuroloop.engine.counted import NEURON_WORDS, SENT
from neuroloop.network import Input, Network, Population, Projection, pairs
from neuroloop.testing import checked
from neuroloop.testing.checked import Params, gives_graded, gives_values, sums_whole
from neuroloop.testing.promise import promise
from neuroloop.testing.repeatable import TICKS, check_kernel, check_module, check_repeatable
from neuroloop.testing.rig import Rig
from neuroloop.testing.whole import synapses

_SIZES = (1, 13, 130)
"""numbers of neurons: alone, within a line of memory, over two lines"""


def check_neuron(
    module: ModuleType,
    params: Params | None = None,
    strength: float = 1.0,
    arrays: Mapping[str, ArrayLike] | None = None,
) -> None:
    """Check a neuron model's file.

    The promises: ``Config`` and ``RECEPTORS``; arrays with one element a neuron (but ``counted``);
    input is used up in its tick; a neuron fires once a tick at most, and silenced ones do not; a
    kind that gives values (``SIGNAL = "values"``) gives finite ones, and one that gives graded
    spikes a payload that is not 0; ``counted`` counts the spikes; everything depends on the arena
    alone and stays within it.

    Parameters
    ----------
    module
        The file.
    params
        Settings it cannot do without.
    strength
        Scales the weights of the input, which are about 1; whole numbers for a kind that sums
        those.
    arrays
        Arrays of the population, good for any number of neurons.

    Raises
    ------
    ContractError
        Which promise is broken.
    """
    check_module(module)
    receptors = module.RECEPTORS
    promise(
        isinstance(receptors, tuple) and all(isinstance(r, str) and r for r in receptors),
        "RECEPTORS is a tuple of names",
    )
    for n in _SIZES:
        population = Population("cells", n, "checked", params or {}, arrays or {})
        _check_layout(module, params or {}, n)
        rig = checked.rig("neuron", module, _network(module, population, strength))
        if gives_values(module):
            check_repeatable(rig, _step(rig, n, _look_at_values))
        else:
            look = _look_at_graded if gives_graded(module) else _look_at_spikes
            step = _step(rig, n, look)
            check_repeatable(rig, step)
            _check_silence(rig, step)


def _network(module: ModuleType, population: Population, strength: float) -> Network:
    """Give each neuron an input that excites and one that inhibits, a receptor."""
    n, whole = population.n, sums_whole(module)
    both = np.repeat([1.5, -0.5], n) * strength
    weight = np.rint(2 * both) if whole else both
    connections = pairs(np.arange(2 * n), np.tile(np.arange(n), 2), weight)
    kind = synapses.__name__ if whole else "static"
    return Network(
        (Input("in", 2 * n),),
        (population,),
        tuple(
            Projection("in", "cells", connections, receptor=r, kind=kind) for r in module.RECEPTORS
        ),
    )


def _check_layout(module: ModuleType, params: Params, n: int) -> None:
    config = msgspec.convert(params, module.Config)
    built = module.build(config, Cell(n, 1.0, np.random.default_rng(0)))
    check_kernel(built)
    for name, value in built.state.items():
        shape = np.shape(value)
        if name == "counted":
            promise(shape == (NEURON_WORDS,), f"counted has {NEURON_WORDS} numbers, not {shape}")
            promise(name not in built.dynamic, "a reset leaves what was counted")
            continue
        promise(shape[:1] == (n,), f"state array {name} has one element a neuron, not {shape}")


def _step(rig: Rig, n: int, look: Callable[[Rig, int], None]) -> Callable[[], None]:
    """Return what runs a tick under random input and looks at what came of it."""

    def step() -> None:
        before = _sent(rig)
        units = np.flatnonzero(np.random.default_rng(rig.index).random(2 * n) < 0.3)
        rig.send("in", Spikes(np.full(len(units), rig.t_us), units.astype(np.uint32)))
        rig.tick()
        now = rig.arena["cells.input"]
        promise((now[:, 0] == 0).all(), "a neuron kernel clears the input of its tick")
        look(rig, n)
        sent = _sent(rig) - before
        fired = len(rig.spikes("cells")) if "cells.counted" in rig.arena.fields else 0
        promise(sent >= fired, f"counted goes up with each spike: {fired} fired, it went up {sent}")

    return step


def _sent(rig: Rig) -> int:
    """Return how many spikes a kind that counts them has counted."""
    return int(rig.arena["cells.counted"][SENT]) if "cells.counted" in rig.arena.fields else 0


def _look_at_spikes(rig: Rig, n: int) -> None:
    fired = rig.spikes("cells").astype(np.int64)
    promise((np.diff(fired) > 0).all(), "a neuron fires at most once in a tick, in order")
    promise((fired < n).all(), f"neurons that fire are below {n}")


def _look_at_graded(rig: Rig, n: int) -> None:
    _look_at_spikes(rig, n)
    fired = rig.spikes("cells").astype(np.int64)
    promise(rig.arena["cells.payload"][fired].all(), "a neuron that fires carries a payload not 0")


def _look_at_values(rig: Rig, n: int) -> None:
    value = rig.arena["cells.value"]
    promise(value.shape == (n,) and np.isfinite(value).all(), "a kind gives finite values")


def _check_silence(rig: Rig, step: Callable[[], None]) -> None:
    rig.arena["cells.silent"][:] = 1
    for _ in range(TICKS):
        step()
        promise(not len(rig.spikes("cells")), "silenced neurons never fire")
