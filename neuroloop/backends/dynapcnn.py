"""DYNAP-CNN and Speck in their own whole numbers.

A floating-point network is quantised (`neuroloop.chips.dynapcnn`), one in kinds ``dynapcnn.`` runs
as it is.
"""

from functools import partial
from typing import Annotated

from msgspec import Meta, Struct

from neuroloop.chips.dynapcnn import quantise
from neuroloop.chips.library import ChipLibrary
from neuroloop.core.ports import Site


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[engine]`` with ``kind = "dynapcnn"``."""

    v_min: Annotated[float, Meta(le=0)] | None = None
    """lowest potential, in the network's unit; without one the lowest that the chip can hold"""
    energy: str | None = None
    """a table of figures in place of the chip's: a TOML file, or one of ``chips/energy/tables``"""
    fit: bool = True
    """whether a network that does not fit the chip is refused; else it is emulated nevertheless"""


def build(config: Config, site: Site) -> ChipLibrary:
    """Return where this backend keeps its kinds."""
    return ChipLibrary(
        *(site, ("dynapcnn",), partial(quantise, v_min=config.v_min), "dynapcnn"), fit=config.fit
    )
