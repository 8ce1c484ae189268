"""Loihi 1 in its own whole numbers, as Lava's fixed-point models read the chip.

A floating-point network is quantised (`neuroloop.chips.loihi`), one in kinds ``loihi1.`` runs as it
is.
"""

from functools import partial
from typing import Annotated

from msgspec import Meta, Struct

from neuroloop.chips.library import ChipLibrary
from neuroloop.chips.loihi import quantise
from neuroloop.core.ports import Site


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[engine]`` with ``kind = "loihi1"``."""

    weight_bits: Annotated[int, Meta(ge=1, le=8)] = 8
    """of a weight; where signs are mixed one of them is the sign"""
    energy: str | None = None
    """a table of figures in place of the chip's: a TOML file, or one of ``chips/energy/tables``"""
    fit: bool = True
    """whether a network that does not fit the chip is refused; else it is emulated nevertheless"""


def build(config: Config, site: Site) -> ChipLibrary:
    """Return where this backend keeps its kinds."""
    return ChipLibrary(
        *(site, ("loihi1",), partial(quantise, bits=config.weight_bits), "loihi1"), fit=config.fit
    )
