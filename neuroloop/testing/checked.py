"""A network in a rig, in which the kind ``checked`` is the file that is being checked."""

from pathlib import Path
from types import ModuleType

import numpy as np

from neuroloop.config import resolve
from neuroloop.engine.arena import Assembler
from neuroloop.engine.lower import Adapted, Ends, Lowering
from neuroloop.engine.op import Slot, Units, Values, slot, spiking
from neuroloop.engine.program import Plan
from neuroloop.network import Input, Network
from neuroloop.testing.rig import Rig

Params = dict[str, float | int | str]


def gives_values(module: ModuleType) -> bool:
    """Whether a kind gives or carries values instead of spikes."""
    return getattr(module, "SIGNAL", "spikes") == "values"


def gives_graded(module: ModuleType) -> bool:
    """Whether a kind gives or carries graded spikes."""
    return getattr(module, "SIGNAL", "spikes") == "graded"


def adds_whole(module: ModuleType) -> bool:
    """Whether a synapse kind adds whole numbers."""
    return bool(getattr(module, "ADDS", None) is np.int32)


def sums_whole(module: ModuleType) -> bool:
    """Whether a neuron kind sums whole numbers."""
    return bool(getattr(module, "INPUT", None) is np.int32)


def rig(role: str, module: ModuleType, network: Network) -> Rig:
    """Return a rig of a network; what its population "cells" fires leaves the tick."""

    def lay(to: Assembler) -> Plan:
        ports = {i.name: _port(to, i) for i in network.inputs}
        ends: dict[str, Ends] = {
            name: port
            if isinstance(port, Units)
            else Values(name, port.data.n_bytes // 4, port.data)
            for name, port in ports.items()
        }
        lowered = Lowering(to, _Library(role, module), 1000, 1).network(network, ends)
        outlets = [lowered.spiking["cells"]] if "cells" in lowered.spiking else []
        return Plan(lowered.ops, list(ports.values()), outlets)

    return Rig(lay)


def _port(to: Assembler, part: Input) -> Units | Slot:
    if part.signal == "values":
        return slot(to, part.name, 4 * part.n)
    return spiking(to, part.name, part.n)


class _Library:
    """Finds the kind being checked by its module, all others by their names."""

    def __init__(self, role: str, module: ModuleType) -> None:
        self._role, self._module = role, module

    def adapt(self, network: Network, dt_us: int) -> Adapted:
        del dt_us
        return Adapted(network)

    def kind(self, role: str, name: str, where: str) -> ModuleType:
        if role == self._role and name == "checked":
            return self._module
        return resolve.module(role, name, Path(), where)
