"""Whether the robot reached its goal: the twin knows where it really is."""

import math
from dataclasses import dataclass, field

from neuroloop.core.ports import Plant


@dataclass
class Course:
    """Watches the world; it never touches it."""

    plant: Plant
    path_m: float = 0.0
    contacts: int = 0
    reached_us: int | None = None
    """run time of the world"""
    _touching: bool = False
    _last: tuple[float, float] | None = field(default=None)

    def look(self, touched: bool) -> None:
        """Take in where it is, and whether it touched something since the last look."""
        x, y, _ = self.plant.pose()
        if self._last is not None:
            self.path_m += math.hypot(x - self._last[0], y - self._last[1])
        self._last = (x, y)
        self.contacts += touched and not self._touching
        self._touching = touched
        world = self.plant.world
        if world.goal is None or self.reached_us is not None:
            return
        if math.hypot(world.goal[0] - x, world.goal[1] - y) < world.goal_radius_m:
            self.reached_us = self.plant.t_us
