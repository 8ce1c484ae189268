"""From a table's own clock to run time, whatever its clock does."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from sensors.series._table import Layout, Row

_PATIENCE = 8
"""rows behind the newest one before it is the clock that was set back"""

State = tuple[int, int, int, int, int | None]


def rate_of(times_us: Sequence[int]) -> float:
    """Return how many rows a second come at these times; 0 where they do not say."""
    steps = [b - a for a, b in pairwise(times_us) if b > a]
    return 1e6 / float(np.median(steps)) if steps else 0.0


class Pace:
    """When each row is due, in microseconds of run time; the first at 0.

    A row that is behind the newest one is out of order and is dropped; when that goes on, the clock
    was set back, and the table goes on from where it was.
    """

    def __init__(self, layout: Layout) -> None:
        config = layout.config
        self._tally = layout.tally
        self._speed = config.speed
        self._period_us = 1e6 / config.rate_hz if config.rate_hz else 0.0
        self._most_gap_us = config.most_gap_s * 1e6
        self._rows = self._behind = self._passed_us = 0
        self._usual_us = 1_000_000
        self._newest_us: int | None = None

    def due(self, row: Row, number: int) -> int | None:
        """Return the stamp of the next row, None where it is dropped."""
        if self._period_us:
            self._rows += 1
            return round((self._rows - 1) * self._period_us)
        if self._newest_us is not None:
            step_us = self._step(row.own_us - self._newest_us, f"line {number}")
            if step_us is None:
                return None
            self._passed_us += step_us
        self._newest_us = row.own_us
        return round(self._passed_us / self._speed)

    def state(self) -> State:
        """Return everything `restore` needs."""
        return self._rows, self._behind, self._passed_us, self._usual_us, self._newest_us

    def restore(self, state: State) -> None:
        """Go back to a state."""
        self._rows, self._behind, self._passed_us, self._usual_us, self._newest_us = state

    def _step(self, step_us: int, where: str) -> int | None:
        """Return how much later a row is, None where it is dropped."""
        if step_us < 0:
            self._behind += 1
            if self._behind < _PATIENCE:
                self._tally.add("rows out of order", where)
                return None
        self._behind = 0
        if step_us < 0 or step_us > self._most_gap_us:
            self._tally.add("jumps of the clock", where)
            return self._usual_us
        if step_us == 0:
            self._tally.add("rows with the time of the one before", where)
        else:
            self._usual_us = step_us
        return step_us
