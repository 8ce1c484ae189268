"""The network a run file names: a file, or a function in a Python file beside it."""

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neuroloop.config import resolve
from neuroloop.core.errors import ConfigError, nearest
from neuroloop.network import Network, load
from neuroloop.runtime.boundary import blame


def of(name: str, folder: Path, options: Mapping[str, Any], where: str) -> Network:
    """Return the network: ``weights.npz``, or ``nets.py:build`` called with ``options``."""
    file, colon, function = name.partition(":")
    if not colon:
        return load(folder / file)
    module = resolve.module("network", file, folder, where)
    build = getattr(module, function, None)
    if not callable(build):
        known = [n for n, v in vars(module).items() if inspect.isfunction(v)]
        raise ConfigError(f"{where}: {file} has no function {function}{nearest(function, known)}")
    try:
        inspect.signature(build).bind(**options)
    except TypeError as error:
        raise ConfigError(f"{where}: network_options do not fit {name}: {error}") from error
    try:
        network = build(**options)
    except Exception as error:
        blame("network", name, error)
    if not isinstance(network, Network):
        raise ConfigError(f"{where}: {name} returned {type(network).__name__}, not a Network")
    return network


def spiking(network: Network, folder: Path) -> list[str]:
    """Return the names of the populations that spike; others give values."""
    kinds = {
        p.kind: resolve.module("neuron", p.kind, folder, f'population "{p.name}"')
        for p in network.populations
    }
    silent = {kind for kind, m in kinds.items() if getattr(m, "SIGNAL", "spikes") == "values"}
    return [p.name for p in network.populations if p.kind not in silent]
