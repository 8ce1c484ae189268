"""What a sensor met and lost, counted by what it is, and told at 1, 2, 4, 8 ... of a kind."""

import logging
import threading
from collections.abc import Mapping

_log = logging.getLogger("sensors")


class Tally:
    """Counts by what they are in a few words; any thread may count.

    Parameters
    ----------
    who
        Whom the log names.
    silent
        Count, and tell nobody.
    """

    def __init__(self, who: str, *, silent: bool = False) -> None:
        self._who, self._silent = who, silent
        self._counts: dict[str, int] = {}
        self._lock = threading.Lock()

    @property
    def counts(self) -> Mapping[str, int]:
        """How often so far."""
        with self._lock:
            return dict(self._counts)

    def add(self, what: str, where: str = "", n: int = 1) -> None:
        """Count ``n`` of ``what``; ``where`` the last was is told now and then."""
        with self._lock:
            before = self._counts.get(what, 0)
            total = self._counts[what] = before + n
        if not self._silent and total.bit_length() > before.bit_length():
            place = f"; the last in {where}" if where else ""
            _log.warning("%s: %s: %d%s", self._who, what, total, place)

    def restore(self, counts: Mapping[str, int]) -> None:
        """Go back to what was counted before."""
        with self._lock:
            self._counts = dict(counts)
