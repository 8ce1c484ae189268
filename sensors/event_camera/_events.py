"""What an event camera gives: a batch of events as four arrays, in order of time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from neuroloop.core.kernel import kernel
from neuroloop.core.values import Int64s, Spikes, UInt8s

UInt16s = NDArray[np.uint16]

_EVENT_BYTES = 13
"""of the four numbers of an event"""
_FEW, _MANY = 1 << 12, 1 << 26


@dataclass(frozen=True, slots=True, eq=False)
class Events:
    """Some events of a camera, stamps never going back.

    >>> import numpy as np
    >>> one = np.ones(1, np.uint16)
    >>> events = Events(np.int64([5]), 2 * one, one, np.uint8([1]))
    >>> events.spikes(10, 3).unit
    array([12], dtype=uint32)
    """

    t_us: Int64s
    """``int64[n]``, microseconds by the camera's clock"""
    x: UInt16s
    """``uint16[n]``, column, 0 on the left"""
    y: UInt16s
    """``uint16[n]``, row as the file counts it"""
    p: UInt8s
    """``uint8[n]``, 1 ON (brighter), 0 OFF (darker)"""

    def __len__(self) -> int:
        return len(self.t_us)

    def __getitem__(self, part: slice) -> Self:
        return type(self)(self.t_us[part], self.x[part], self.y[part], self.p[part])

    def spikes(self, width: int, height: int) -> Spikes:
        """Return address events: unit ``y * width + x``, ``width * height`` more for OFF."""
        unit = np.empty(len(self), np.uint32)
        to_units(self.x, self.y, self.p, width, width * height, unit)
        return Spikes(self.t_us, unit)


def room(n: int) -> Events:
    """Return arrays for ``n`` events, in one block of memory, with nothing written into them."""
    block = np.empty(_EVENT_BYTES * n, np.uint8)
    t_us, x, y = block[: 8 * n], block[8 * n : 10 * n], block[10 * n : 12 * n]
    wide = np.uint16
    return Events(t_us.view(np.int64), x.view(wide), y.view(wide), block[12 * n :])


def joined(parts: Sequence[Events]) -> Events:
    """Return the events of all parts, one after another, in arrays of their own."""
    whole = room(sum(map(len, parts)))
    start = 0
    for part in parts:
        _copy(part, whole[start:])
        start += len(part)
    return whole


class Whole:
    """Events that become more and more; ``n`` is how many there are."""

    def __init__(self, expected: int) -> None:
        self._room, self.n = room(min(max(expected, _FEW), _MANY)), 0

    def rest(self) -> Events:
        """Return room for more of them."""
        if len(self._room) - self.n < _FEW:
            larger = room(2 * len(self._room))
            _copy(self.events, larger)
            self._room = larger
        return self._room[self.n :]

    @property
    def events(self) -> Events:
        """All of them."""
        return self._room[: self.n]


def _copy(events: Events, to: Events) -> None:
    n = len(events)
    to.t_us[:n], to.x[:n], to.y[:n], to.p[:n] = events.t_us, events.x, events.y, events.p


@kernel
def to_units(x, y, p, width, pixels, unit):
    """Write the unit of each event: ON units first, row by row, then OFF."""
    for k in range(x.shape[0]):
        unit[k] = np.uint32(y[k]) * np.uint32(width) + x[k] + np.uint32((1 - p[k]) * pixels)


def from_units(t_us: Int64s, unit: NDArray[np.uint32], width: int, height: int) -> Events:
    """Return the events that address events stand for, the inverse of `Events.spikes`."""
    events = room(len(unit))
    events.t_us[:] = t_us
    to_pixels(unit, width, width * height, events.x, events.y, events.p)
    return events


@kernel
def to_pixels(unit, width, pixels, x, y, p):
    """Write the pixel and polarity of each unit."""
    for k in range(unit.shape[0]):
        place = unit[k]
        p[k] = place < pixels
        place -= np.uint32((1 - p[k]) * pixels)
        row = place // np.uint32(width)
        y[k], x[k] = row, place - row * np.uint32(width)
