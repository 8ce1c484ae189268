"""Xylo (core v2) in its own whole numbers, as the chip's public simulator computes them.

A floating-point network is quantised (`neuroloop.chips.xylo`), one in kinds ``xylo.`` runs as it
is, but that its projections add in the chip's order.  What the chip cannot hold is refused.
"""

from dataclasses import replace
from functools import partial
from types import ModuleType

from msgspec import Struct

from neuroloop.chips import xylo_rules
from neuroloop.chips.library import ChipLibrary
from neuroloop.chips.quantised import Quantised
from neuroloop.chips.xylo import Variant, quantise
from neuroloop.core.ports import Site
from neuroloop.engine.lower import Adapted
from neuroloop.network.graph import Network


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[engine]`` with ``kind = "xylo"``."""

    variant: Variant = "audio2"
    """Xylo Audio 2, or Xylo IMU: half the hidden neurons, one synapse, twice the outputs"""
    energy: str | None = None
    """a table of figures in place of the chip's: a TOML file, or one of ``chips/energy/tables``"""
    fit: bool = True
    """whether a network that does not fit the chip is refused; else it is emulated nevertheless"""


class Library:
    """Finds kinds, and turns networks into those of Xylo."""

    def __init__(self, site: Site, variant: Variant, *, fit: bool = True) -> None:
        made = partial(quantise, variant=variant)
        self._kinds = ChipLibrary(site, ("xylo",), made, f"xylo_{variant}", fit=fit)

    def kind(self, role: str, name: str, where: str) -> ModuleType:
        """Return the module of a neuron or synapse kind."""
        return self._kinds.kind(role, name, where)

    def adapt(self, network: Network, dt_us: int) -> Adapted:
        """Return the network in the chip's kinds and order; ConfigError where it cannot run."""
        adapted = self._kinds.adapt(network, dt_us)
        return replace(adapted, network=xylo_rules.in_chip_order(adapted.network))

    def quantised(self, network: Network, dt_us: int) -> Quantised:
        """Return the same, also where it is too large for the chip."""
        made = self._kinds.quantised(network, dt_us)
        return replace(made, network=xylo_rules.in_chip_order(made.network))


def build(config: Config, site: Site) -> Library:
    """Return where this backend keeps its kinds."""
    return Library(site, config.variant, fit=config.fit)
