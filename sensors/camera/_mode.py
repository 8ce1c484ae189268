"""What a camera is asked for, and how that compares with what it gives."""

from typing import Annotated

from msgspec import Meta, Struct

_RATE_TOLERANCE = 0.15
"""clocks of cheap cameras are a few percent off, and so is a rate from a few frames"""


class Mode(Struct, frozen=True, forbid_unknown_fields=True):
    """What a camera is asked for; what is left out is left to the camera."""

    width: Annotated[int, Meta(ge=1, le=16_384)] | None = None
    height: Annotated[int, Meta(ge=1, le=16_384)] | None = None
    """of its pictures, in pixels"""
    rate_hz: Annotated[float, Meta(gt=0, le=10_000)] | None = None
    exposure_ms: Annotated[float, Meta(gt=0, le=10_000)] | None = None
    """shutter time; left out, the camera decides; a long one in the dark costs frames"""
    format: Annotated[str, Meta(min_length=4, max_length=4)] | None = None
    """four letters of ``neuroloop list devices``: ``MJPG`` lets USB 2 carry large pictures fast"""


def differs(mode: Mode, size: tuple[int, int], rate_hz: float, refused: tuple[str, ...]) -> str:
    """Return what was asked for and what was got instead, "" where all is as asked.

    Parameters
    ----------
    size
        Width and height that came.
    rate_hz
        At which frames came.
    refused
        What the camera would not set, in words.
    """
    asked, got = [], []
    if (mode.width or size[0], mode.height or size[1]) != size:
        asked.append(f"{mode.width or 'any'}x{mode.height or 'any'}")
        got.append(f"{size[0]}x{size[1]}")
    if not same_rate(mode.rate_hz or rate_hz, rate_hz):
        asked.append(f"{mode.rate_hz:g} Hz")
        got.append(f"{rate_hz:.3g} Hz")
    if not asked and not refused:
        return ""
    parts = [f"asked for {' at '.join(asked)}, got {' at '.join(got)}"] if asked else []
    return "; ".join([*parts, *refused])


def same_rate(one_hz: float, other_hz: float) -> bool:
    """Whether two rates are the same but for the inexactness of clocks."""
    return abs(one_hz - other_hz) <= _RATE_TOLERANCE * max(one_hz, other_hz)
