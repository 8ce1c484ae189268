"""The reference backend: 32-bit floating point, kinds of ``neuroloop.neurons`` and ``synapses``."""

from types import ModuleType

from msgspec import Struct

from neuroloop.config import resolve
from neuroloop.core.ports import Site
from neuroloop.engine.lower import Adapted
from neuroloop.network.graph import Network


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """It has no settings of its own."""


class Library:
    """Finds a kind's file."""

    def __init__(self, site: Site) -> None:
        self._folder = site.folder

    def kind(self, role: str, name: str, where: str) -> ModuleType:
        """Return the module of a neuron or synapse kind."""
        return resolve.module(role, name, self._folder, where)

    def adapt(self, network: Network, dt_us: int) -> Adapted:
        """Return the network as it is."""
        del dt_us
        return Adapted(network)


def build(config: Config, site: Site) -> Library:
    """Return where this backend keeps its kinds."""
    del config
    return Library(site)
