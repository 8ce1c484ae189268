"""When a run is over, and how it ended."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from neuroloop.core.ports import Plant
from neuroloop.runtime.source import OpenSource


class End(Enum):
    """Why a run ended."""

    GOAL = "goal reached"
    CONTACT = "touched an obstacle"
    TIME = "time is up"
    SOURCES = "end of the recording"
    STOPPED = "stopped by the user"


@dataclass
class Stop:
    """A request to end the run; set by a signal."""

    asked: bool = False


@dataclass
class Episode:
    """Watches the world and the files; it never touches them."""

    goal: tuple[float, float] | None = None
    goal_radius_m: float = 0.5
    most_us: int | None = None
    stop_at_goal: bool = True
    stop_at_contact: bool = False
    every_us: int = 10_000
    """how often the world is looked at"""

    end: End | None = None
    stop: Stop = field(default_factory=Stop)
    path_m: float = 0.0
    contacts: int = 0
    reached_us: int | None = None
    _last: tuple[float, float] | None = None
    _touching: bool = False
    _next_look_us: int = 0

    def over(self, plant: Plant | None, now_us: int, sources: Sequence[OpenSource]) -> bool:
        """Look, and say whether the run is over."""
        if self.stop.asked:
            self.end = End.STOPPED
        if now_us >= self._next_look_us and self.end is None:
            self._next_look_us += self.every_us
            if plant is not None:
                self._look(plant)
            elif _all_read(sources):
                self.end = End.SOURCES
        if self.end is None and self.most_us is not None and now_us >= self.most_us:
            self.end = End.TIME
        return self.end is not None

    def _look(self, plant: Plant) -> None:
        x, y, _ = plant.pose()
        if self._last is not None:
            self.path_m += math.hypot(x - self._last[0], y - self._last[1])
        self._last = (x, y)
        touching = plant.touching()
        self.contacts += touching and not self._touching
        self._touching = touching
        if touching and self.stop_at_contact:
            self.end = End.CONTACT
        if self.goal is not None and self.reached_us is None:
            gap = math.hypot(self.goal[0] - x, self.goal[1] - y)
            if gap < self.goal_radius_m:
                self.reached_us = plant.t_us
                if self.stop_at_goal:
                    self.end = End.GOAL


def _all_read(sources: Sequence[OpenSource]) -> bool:
    """Whether there are recordings, and all of them have been read."""
    recorded = [s for s in sources if s.recorded]
    return bool(recorded) and all(s.ended for s in recorded)
