"""Weights as Loihi 1 keeps them: whole numbers of up to 8 bits and a sign that all share or own.

Source: M. Davies and others, "Loihi: A neuromorphic manycore processor with on-chip learning",
IEEE Micro 38, 2018; Lava (lava-nc 0.10), how its fixed-point synapses clip and cut weights.
"""

from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroloop.core.errors import ConfigError

Bits = Annotated[int, msgspec.Meta(ge=1, le=9)]
Exponent = Annotated[int, msgspec.Meta(ge=-7, le=7)]
Sign = Literal["auto", "mixed", "excitatory", "inhibitory"]
_MOST = 8
"""bits of a weight beside the sign"""
_UNIT = 6
"""exponent of the input's unit in the membrane's: an input of 1 is 64 there"""


def loihi1_weights(
    weight: ArrayLike, bits: int, sign: Sign, exponent: int, where: str
) -> NDArray[np.int32]:
    """Return weights as the chip adds them.

    With ``m`` = 1 for weights of mixed sign and else 0, a weight keeps its upper bits: the lowest
    ``8 - bits + m`` become 0, rounded down in magnitude, and for mixed signs towards minus
    infinity.  A positive exponent shifts what is left to the left, here.  A negative one shifts
    the *sum* of a tick to the right, which is the delivery's work.

    Parameters
    ----------
    weight
        Whole numbers of any shape: -256 to 255 for mixed signs, 0 to 255, or -255 to 0.
    bits
        Of a weight, 1 to 9.
    sign
        ``auto`` takes what the weights are: none negative, none positive, or mixed.
    exponent
        -7 to 7.
    where
        What an error begins with.

    Returns
    -------
    int32 array
        Of the same shape.

    Raises
    ------
    ConfigError
        Where a weight is not whole or not in the range, or where all of them become 0.
    """
    given = np.asarray(weight)
    chosen = _sign(given) if sign == "auto" else sign
    _check(given, chosen, where)
    mixed = chosen == "mixed"
    side = -1 if chosen == "inhibitory" else 1
    cut = max(_MOST - bits + mixed, 0)
    whole = given.astype(np.int32) * np.int32(side)
    kept = ((whole >> cut) << cut) * np.int32(side)
    if given.any() and not kept.any():
        raise ConfigError(
            f"{where}: every weight becomes 0: with {bits} bits, {chosen}, the least that is kept"
            f" is {1 << cut}, and the largest weight is {_largest(given):g}; multiply the weights"
            " by a power of two and lower the exponent by as much"
        )
    return kept << np.int32(max(exponent, 0))


def nengo_weights(weight: ArrayLike, exponent: int, where: str) -> NDArray[np.int32]:
    """Return weights as NengoLoihi's emulator adds them: ``weight * 2**(6 + exponent)``.

    Parameters
    ----------
    weight
        Whole numbers of -256 to 255, of any shape.
    exponent
        -7 to 7; with -7 they are even.
    where
        What an error begins with.

    Returns
    -------
    int32 array
        Of the same shape.

    Raises
    ------
    ConfigError
        Where a weight is not whole, also after scaling, or not in the range.
    """
    given = np.asarray(weight)
    _check(given, "mixed", where)
    scaled = given.astype(np.float64) * 2.0 ** (_UNIT + exponent)
    odd = given[scaled != np.rint(scaled)]
    if odd.size:
        raise ConfigError(
            f"{where}: a weight of {odd.flat[0]:g} with an exponent of {exponent} adds"
            f" {odd.flat[0] * 2.0 ** (_UNIT + exponent):g}; an exponent from {-_UNIT} on keeps"
            " every weight whole"
        )
    return scaled.astype(np.int32)


def _sign(weight: NDArray[Any]) -> Sign:
    """Return what the weights are."""
    if not weight.size or weight.min() >= 0:
        return "excitatory"
    return "inhibitory" if weight.max() <= 0 else "mixed"


def _check(weight: NDArray[Any], sign: Sign, where: str) -> None:
    """Refuse what the format does not hold."""
    low, high = {"mixed": (-256, 255), "excitatory": (0, 255), "inhibitory": (-255, 0)}[sign]
    if not weight.size:
        return
    broken = weight[weight != np.rint(weight)]
    if broken.size:
        raise ConfigError(
            f"{where}: a weight of {broken.flat[0]:g}; Loihi 1 has whole numbers. Multiply the"
            " weights, and the threshold with them, or let the backend quantise the network"
        )
    wrong = weight[(weight < low) | (weight > high)]
    if wrong.size:
        raise ConfigError(
            f"{where}: a weight of {_largest(wrong):g}; {sign} weights are {low} to {high}, and an"
            " exponent of e multiplies what they add by 2**e"
        )


def _largest(weight: NDArray[Any]) -> float:
    """Return the weight of the largest magnitude."""
    return float(weight.flat[np.argmax(np.abs(weight))])
