"""The parameters of a population as they are now, and what another value of one changes.

A kind turns its parameters into numbers that its kernel uses (a decay out of a time constant), and
into arrays (``bias``).  Another value is made by the same ``build``; what comes out different is
what has to be edited.  What the kind calls dynamic, and what it learns, is left as it is.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from neuroloop.core.errors import ConfigError, nearest
from neuroloop.core.ports import Kernel
from neuroloop.network.graph import Number

Build = Callable[[Mapping[str, Number]], Kernel]
"""makes a population's kernel; from the same parameters it makes the same one"""


@dataclass
class Parameters:
    """Of one population."""

    name: str
    present: dict[str, Number]
    """those that were given; the others have their defaults"""
    build: Build

    def changes(self, given: Mapping[str, Number]) -> dict[str, np.ndarray[Any, Any]]:
        """Return the fields, by name, that other values of some parameters change.

        Raises
        ------
        ConfigError
            Where there is no such parameter, where a value is out of its bounds, and where
            another value takes other memory or code.
        """
        before, after = self.build(self.present), self.build({**self.present, **given})
        if _form(before) != _form(after):
            raise ConfigError(
                f'population "{self.name}": {", ".join(given)} would change more than numbers: '
                "what memory it takes, or what runs; build the network anew"
            )
        old, new = _numbers(before), _numbers(after)
        changed = {
            f"{self.name}.{array}": value
            for array, value in new.items()
            if value.tobytes() != old[array].tobytes()
        }
        if not changed and any(self.present.get(name) != value for name, value in given.items()):
            raise ConfigError(
                f'population "{self.name}": {", ".join(given)} would change nothing: it says how '
                "neurons start, or was given neuron by neuron; edit that array instead"
            )
        return changed


class Present:
    """The parameters of all populations of a network."""

    def __init__(self, populations: Mapping[str, Parameters]) -> None:
        self._populations = populations

    def __getitem__(self, name: str) -> Parameters:
        if name not in self._populations:
            raise ConfigError(
                f'the network has no population "{name}"{nearest(name, self._populations)}'
            )
        return self._populations[name]

    def snapshot(self) -> bytes:
        """Copy them."""
        return msgspec.json.encode({n: p.present for n, p in self._populations.items()})

    def read(self, state: bytes) -> dict[str, dict[str, Number]]:
        """Return the parameters in a snapshot of the same network's."""
        try:
            saved = msgspec.json.decode(state, type=dict[str, dict[str, Number]])
        except (msgspec.MsgspecError, ValueError) as error:
            raise ConfigError(f"the snapshot's parameters are damaged: {error}") from error
        if saved.keys() != self._populations.keys():
            raise ConfigError("the snapshot's parameters belong to another network")
        return saved

    def set(self, given: Mapping[str, dict[str, Number]]) -> None:
        """Take over what `read` returned."""
        for name, population in self._populations.items():
            population.present = given[name]


def _form(kernel: Kernel) -> tuple[object, ...]:
    """Return what of a kernel is laid out once: what runs, its counts, its arrays' types."""
    arrays = {**kernel.state, **kernel.plastic, **kernel.static, "params": kernel.params}
    shapes = [(n, np.shape(v), getattr(v, "dtype", None)) for n, v in arrays.items()]
    return kernel.entry, kernel.settle, tuple(kernel.counts), tuple(shapes)


def plain(params: Mapping[str, Number]) -> dict[str, Number]:
    """Turn NumPy numbers into the Python numbers that a ``Config`` takes."""
    return {n: v.item() if isinstance(v, np.generic) else v for n, v in params.items()}


def _numbers(kernel: Kernel) -> dict[str, np.ndarray[Any, Any]]:
    """Return what a kind makes of its parameters alone."""
    made = {n: np.asarray(v) for n, v in kernel.state.items() if n not in kernel.dynamic}
    made |= {n: np.asarray(v) for n, v in kernel.static.items()}
    return made | {"params": np.asarray(kernel.params, np.float32)}
