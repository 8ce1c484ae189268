"""A recording of an event camera: a file, decoded piece by piece in memory of fixed size."""

import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from sensors.event_camera import _slices
from sensors.event_camera._decoder import Decoder, Layout
from sensors.event_camera._events import Events, Whole, joined, room
from sensors.event_camera._order import COUNTED, UNKNOWN, UNKNOWN_AT
from sensors.event_camera._pieces import Pieces

_log = logging.getLogger(__name__)

_ROOM = 1 << 14
"""events of a batch, at most"""


class Recording:
    """Events of a file.  Iterate it as often as you like; each time it begins at the start.

    Attributes
    ----------
    path, format
        The file, and what it is: ``evt2``, ``evt3``, ``dat``, ``aedat4``, ``es`` or ``csv``.
    width, height
        Of the camera, in pixels.
    broken
        Where and why the last pass ended before the end of the file; "" where it did not.
    """

    def __init__(self, path: Path, format_: str, layout: Layout) -> None:
        self.path, self.format = path, format_
        self.width, self.height = layout.size
        self.broken = ""
        self._layout, self._decoder = layout, layout.decoder()
        self._unknown_at = -1
        self._told = False

    @property
    def counts(self) -> Mapping[str, int]:
        """How often something was wrong in the last pass, by what it is."""
        state = self._decoder.state
        found = {text: int(state[word]) for word, text in COUNTED.items() if state[word]}
        return found | ({"breaks in the file": 1} if self.broken else {})

    def __iter__(self) -> Iterator[Events]:
        """Yield batches as they come, of up to 16,384 events each."""
        space = room(_ROOM)

        def into() -> Events:
            return space

        for made in self._pass(into):
            if made > _ROOM // 4:
                yield space[:made]
                space = room(_ROOM)
            else:  # a copy, or a few events would keep all that room
                yield joined([space[:made]])

    def _pass(self, into: Callable[[], Events]) -> Iterator[int]:
        """Decode the file into the room that ``into`` returns each time; yields how much of it."""
        decoder = self._layout.decoder()
        self._decoder, self.broken, self._unknown_at = decoder, "", -1
        try:
            with self.path.open("rb", buffering=0) as file:
                pieces = Pieces(file, self._layout.start, self._layout.end, decoder.tail)
                yield from self._decoded(pieces, decoder, into)
        except OSError as error:
            self.broken = f"it cannot be read any further: {error.strerror}"
        self._tell()

    def by_count(self, n: int) -> Iterator[Events]:
        """Yield batches of exactly ``n`` events; the last one may have fewer."""
        return _slices.by_count(self, n)

    def by_time(self, us: int) -> Iterator[Events]:
        """Yield a batch for each ``us`` microseconds from the first event on, empty ones too.

        The k-th holds the stamps in the half-open [first + k * us, first + (k + 1) * us).
        """
        return _slices.by_time(self, us)

    def read(self) -> Events:
        """Return all events at once."""
        whole = Whole(self.path.stat().st_size // self._layout.event_bytes)
        for made in self._pass(whole.rest):
            whole.n += made
        return whole.events

    def _decoded(
        self, pieces: Pieces, decoder: Decoder, into: Callable[[], Events]
    ) -> Iterator[int]:
        while True:
            used, made = decoder.decode(pieces.data, into())
            if self._unknown_at < 0 and decoder.state[UNKNOWN]:
                self._unknown_at = pieces.at + int(decoder.state[UNKNOWN_AT])
            pieces.use(used)
            if made:
                yield made
            if decoder.broken or not (used or made or pieces.fill()):
                break
        if decoder.broken:
            self.broken = f"{decoder.broken}, at byte {pieces.at:,}"
        elif len(pieces.data):
            self.broken = f"it ends within a {decoder.record}, at byte {pieces.at:,}"

    def _tell(self) -> None:
        """Warn once of what is wrong with the file."""
        said = [f"{n:,} {text}" for text, n in self.counts.items() if COUNTED[UNKNOWN] != text]
        if self._decoder.state[UNKNOWN]:
            n = int(self._decoder.state[UNKNOWN])
            said.append(
                f"{n:,} {self._decoder.record}{'s' if n > 1 else ''} that cannot be read, the"
                f" first at byte {self._unknown_at:,}"
            )
        if self.broken:
            said = [each for each in said if "breaks" not in each] + [self.broken]
        if said and not self._told:
            self._told = True
            _log.warning("%s: %s", self.path, "; ".join(said))
