"""What a file format offers: where in a file its events are, and a decoder of them.

Each format is a file of its own with ``layout(start, path, given)``: from the first bytes of a
file and the size that the user says its camera has, None where they do not, to a `Layout`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from neuroloop.core.errors import ConfigError
from neuroloop.core.values import Int64s, UInt8s
from sensors.event_camera._events import Events


class Decoder(Protocol):
    """Turns the bytes of a file into events, piece by piece; one is made for each pass."""

    state: Int64s
    """``int64[WORDS]`` of `_order`: the clock and what was counted"""
    width: int
    height: int
    """of the camera, in pixels"""

    @property
    def tail(self) -> bytes:
        """What ends a last record that has no end of its own."""
        ...

    @property
    def record(self) -> str:
        """What the format calls a piece that is whole or nothing."""
        ...

    @property
    def broken(self) -> str:
        """Why nothing behind the bytes that were used can be read; "" as long as all is well."""
        ...

    def decode(self, data: UInt8s, into: Events) -> tuple[int, int]:
        """Decode what is whole and fits.

        Parameters
        ----------
        data
            What follows the bytes that were used so far.
        into
            Room for what is found; it can be used again.

        Returns
        -------
            How many bytes were used and how many events were made.
        """
        ...


Size = tuple[int, int]
"""columns and rows of a camera"""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where in a file the events are, and what decodes them."""

    size: Size
    start: int
    """of the events, in bytes"""
    decoder: Callable[[], Decoder]
    """makes one for a pass through the file"""
    event_bytes: int
    """of an event, about"""
    end: int = -1
    """of the events, -1 for the end of the file"""


def known(said: Size | None, given: Size | None, path: Path) -> Size:
    """Return the size that a file says, or else the one given.

    Raises
    ------
    ConfigError
        Where there is neither.
    """
    size = said or given
    if size is None:
        raise ConfigError(
            f"`source`: {path}: does not say how many pixels its camera has; set `width` and"
            " `height`"
        )
    return size
