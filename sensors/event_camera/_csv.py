"""Text, an event a line: time, x, y and polarity in any order, apart by commas or white space.

A first line of names (``t,x,y,p``, or ``t,x@640,y@480,p`` with the camera's size) says the order;
without one it is this.  A time with a decimal
point is in seconds, else in microseconds.  The polarity is 1 or ``true`` for ON; 0, -1 or ``false``
for OFF.  A line that starts with ``#`` or ``%`` is a remark.
"""

from functools import partial
from pathlib import Path

from neuroloop.core.values import Int64s, UInt8s
from sensors.event_camera import _lines
from sensors.event_camera._columns import columns
from sensors.event_camera._decoder import Layout, Size, known
from sensors.event_camera._events import Events
from sensors.event_camera._order import fresh


def layout(start: bytes, path: Path, given: Size | None) -> Layout:
    """Find the first event and what the columns are."""
    found = columns(start, path)
    size = known(found.size, given, path)
    decoder = partial(Decoder, *size, found.order, seconds=found.seconds)
    return Layout(size, found.n_bytes, decoder, 16)


class Decoder:
    """Decodes lines of text, piece by piece.

    Parameters
    ----------
    order
        ``int64[k]``, what each column is, by the numbers of `_columns`.
    seconds
        Whether times are seconds.
    """

    tail = b"\n"
    broken = ""
    record = "line"

    def __init__(self, width: int, height: int, order: Int64s, *, seconds: bool) -> None:
        self.width, self.height, self.state = width, height, fresh()
        self._order, self._decimals = order, 6 if seconds else 0

    def decode(self, data: UInt8s, into: Events) -> tuple[int, int]:
        """Decode what is whole and fits; returns how many bytes and how many events."""
        at = into.t_us, into.x, into.y, into.p
        size, how = (self.width, self.height), self._decimals
        used, made = _lines.decode(data, self._order, how, size, self.state, *at)
        return used, made
