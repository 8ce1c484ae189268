"""What of a chip a network takes: whether it fits, where it lies, and what would make it fit."""

from neuroloop.chips.fit.choose import fit, refuse

__all__ = ["fit", "refuse"]
