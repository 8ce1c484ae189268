"""Closed-loop robotics on spiking neural networks: sensor, spikes, network, motion, world.

Nothing is imported before it is asked for: ``import neuroloop`` is instant.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neuroloop.engine.state_file import describe
    from neuroloop.network import Input, Network, Population, Projection
    from neuroloop.runtime.estimate import Estimate, estimate
    from neuroloop.runtime.simulate import Result, simulate
    from neuroloop.runtime.simulator import Simulator

    __version__: str

__all__ = [
    "Estimate",
    "Input",
    "Network",
    "Population",
    "Projection",
    "Result",
    "Simulator",
    "describe",
    "estimate",
    "simulate",
]

_HOME = {
    **dict.fromkeys(("Input", "Network", "Population", "Projection"), "neuroloop.network"),
    **dict.fromkeys(("Estimate", "estimate"), "neuroloop.runtime.estimate"),
    **dict.fromkeys(("Result", "simulate"), "neuroloop.runtime.simulate"),
    "Simulator": "neuroloop.runtime.simulator",
    "describe": "neuroloop.engine.state_file",
}


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        return version("neuroloop")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})
