"""Checks of what a network is made of: neuron models and synapse rules."""

from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import numpy as np

from neuroloop.config import resolve
from neuroloop.core.ports import Cell
from neuroloop.core.values import Spikes
from neuroloop.engine.arena import Assembler
from neuroloop.engine.lower import Lowering
from neuroloop.engine.op import spiking
from neuroloop.engine.program import Plan
from neuroloop.network import Input, Network, Population, Projection, pairs
from neuroloop.testing.promise import promise
from neuroloop.testing.repeatable import (
    TICKS,
    check_kernel,
    check_module,
    check_repeatable,
    rain,
)
from neuroloop.testing.rig import Rig

_SIZES = (1, 13, 130)
"""numbers of neurons: alone, within a line of memory, over two lines"""

Params = dict[str, float | int | str]


def check_neuron(module: ModuleType, params: Params | None = None, strength: float = 1.0) -> None:
    """Check a neuron model's file; ``params`` are settings it cannot do without.

    The promises: ``Config`` and ``RECEPTORS``; arrays with one element a neuron; input is used up
    in its tick; a neuron fires once a tick at most; silenced ones do not; everything depends on
    the arena alone and stays within it.  ``strength`` scales the weights of the input.

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
    settings = dict(params or {})
    for n in _SIZES:
        _check_layout(module, settings, n)
        rig = Rig(lambda to, n=n: _neurons(to, module, settings, n, strength))  # type: ignore[misc]
        run = _Neurons(rig, n)
        check_repeatable(rig, run.step)
        silent = rig.arena["cells.silent"]
        silent[:] = 1
        for _ in range(TICKS):
            run.step()
            promise(not len(rig.spikes("cells")), "silenced neurons never fire")


class _Neurons:
    """A population under random input."""

    def __init__(self, rig: Rig, n: int) -> None:
        self._rig, self._n = rig, n

    def step(self) -> None:
        rng = np.random.default_rng(self._rig.index)
        rig, n = self._rig, self._n
        units = np.flatnonzero(rng.random(2 * n) < 0.3).astype(np.uint32)
        rig.send("in", Spikes(np.full(len(units), rig.t_us), units))
        rig.tick()
        fired = rig.spikes("cells").astype(np.int64)
        promise((np.diff(fired) > 0).all(), "a neuron fires at most once in a tick, in order")
        promise((fired < n).all(), f"neurons that fire are below {n}")
        now = rig.arena["cells.input"]
        promise((now[:, 0] == 0).all(), "a neuron kernel clears the input of its tick")


def check_synapse(module: ModuleType) -> None:
    """Check a synapse rule's file.

    The promises: a spike arrives after exactly its delay, with the synapse's first weight; no
    synapses at all are fine; everything depends on the arena alone and stays within it.

    Raises
    ------
    ContractError
        Which promise is broken.
    """
    promise(callable(getattr(module, "build", None)), "a kind's file defines `build`")
    for delay in (0, 1, 7, 64):
        _check_delay(module, delay)
    rng = np.random.default_rng(0)
    n, s = 130, 700
    connections = pairs(rng.integers(0, n, s), rng.integers(0, 13, s), rng.random(s) * 0.2)
    for delays in (np.zeros(s), np.full(s, 3.0), rng.integers(0, 9, s).astype(float)):
        network = _fan(n, 13, connections, delays)
        rig = Rig(lambda to, network=network: _lowered(to, "synapse", module, network))  # type: ignore[misc]
        check_repeatable(rig, lambda rig=rig: rain(rig, n))  # type: ignore[misc]
    empty = _fan(3, 2, pairs([], [], []), 0.0)
    rig = Rig(lambda to: _lowered(to, "synapse", module, empty))
    rain(rig, 3)


class _Library:
    """Finds the kind being checked by its module, all others by their names."""

    def __init__(self, role: str, module: ModuleType) -> None:
        self._role, self._module = role, module

    def kind(self, role: str, name: str, where: str) -> ModuleType:
        if role == self._role and name == "checked":
            return self._module
        return resolve.module(role, name, Path(), where)


def _check_layout(module: ModuleType, settings: Params, n: int) -> None:
    config = msgspec.convert(settings, module.Config)
    built = module.build(config, Cell(n, 1.0, np.random.default_rng(0)))
    check_kernel(built)
    for name, value in built.state.items():
        shape = np.shape(value)
        promise(shape[:1] == (n,), f"state array {name} has one element a neuron, not {shape}")


def _check_delay(module: ModuleType, delay: int) -> None:
    connections = pairs([0, 1], [0, 1], [0.25, 0.5])
    network = _fan(2, 2, connections, float(delay))
    rig = Rig(lambda to: _lowered(to, "synapse", module, network))
    rig.send("in", Spikes(np.zeros(1, np.int64), np.array([1], np.uint32)))
    for k in range(delay + 3):
        rig.tick()
        current = rig.arena["cells.c"]
        wanted = 0.5 if k == delay else 0.0
        promise(
            current[0] == 0 and current[1] == np.float32(wanted),
            f"a spike with a delay of {delay} ticks and a weight of 0.5 arrives in tick {delay}, "
            f"in tick {k} came {current[1]}",
        )


def _fan(n: int, m: int, connections: Any, delay: Any) -> Network:
    """Return a network of one projection whose arriving weights show in ``cells.c``."""
    return Network(
        (Input("in", n),),
        (Population("cells", m, "current_lif", {"current_decay": 0.0}),),
        (Projection("in", "cells", connections, delay, kind="checked"),),
    )


def _lowered(to: Assembler, role: str, module: ModuleType, network: Network) -> Plan:
    inputs = {i.name: spiking(to, i.name, i.n) for i in network.inputs}
    lowered = Lowering(to, _Library(role, module), 1000, 1).network(network, inputs)
    return Plan(lowered.ops, list(inputs.values()), [lowered.spiking["cells"]])


def _neurons(to: Assembler, module: ModuleType, settings: Params, n: int, strength: float) -> Plan:
    """Place ``n`` neurons, each with an input that excites and one that inhibits, a receptor."""
    both = np.concatenate([np.full(n, 1.5), np.full(n, -0.5)]) * strength
    connections = pairs(np.arange(2 * n), np.tile(np.arange(n), 2), both)
    network = Network(
        (Input("in", 2 * n),),
        (Population("cells", n, "checked", settings),),
        tuple(Projection("in", "cells", connections, receptor=r) for r in module.RECEPTORS),
    )
    return _lowered(to, "neuron", module, network)
