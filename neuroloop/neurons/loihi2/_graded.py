"""Settings that neurons with graded spikes share, and how such spikes leave."""

from typing import Annotated

from msgspec import Meta

from neuroloop.core.errors import ConfigError

Threshold = Annotated[int, Meta(ge=0, lt=1 << 23)]
Scale = Annotated[int, Meta(ge=0, le=7)]
"""an exponent of two"""


def scaled(value: int, name: str, exponent: int) -> int:
    """Return a number shifted to the scale of the state.

    Raises
    ------
    ConfigError
        Where it no longer fits into 32 bits.
    """
    result = value << exponent
    if abs(result) >= 1 << 31:
        raise ConfigError(
            f"{name} is {value}, times 2**{exponent} (spike_exp + state_exp) more than 32 bits"
            f" hold; take {(1 << 31 - exponent) - 1} at most, or smaller exponents"
        )
    return result
