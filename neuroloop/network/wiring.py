"""What any form of connections offers, so that a network can be checked without knowing it."""

from typing import ClassVar, Protocol


class Wiring(Protocol):
    """Which units of a source reach which of a target: lists of synapses, or a rule for them."""

    KIND: ClassVar[str]
    """the synapse kind a projection gets that names none"""
    WHOLE: ClassVar[bool]
    """whether its ends have exactly ``n_pre`` and ``n_post`` units, not only at least"""

    @property
    def n_pre(self) -> int:
        """Units it starts from."""
        ...

    @property
    def n_post(self) -> int:
        """Units it reaches."""
        ...

    def __len__(self) -> int:
        """Return the number of synapses, those that a rule stands for included."""
        ...
