"""A simulated body in real time: how often it goes round, and its world run up to the present."""

import numpy as np

from neuroloop.core.ports import Plant
from neuroloop.core.wishes import Wishes

_PACE_US = 1000
_MOST_US = 50_000
"""physics in one go; then the commands are looked at again"""


def pace_of(step_us: int) -> int:
    """Return how often a plant of this step goes round: each millisecond, or each step."""
    return -(-_PACE_US // step_us) * step_us


def whole(t_us: int, step_us: int) -> int:
    """Return the time of the last step at or before ``t_us``."""
    return t_us // step_us * step_us


def drive(plant: Plant, wishes: Wishes, now_us: int, step_us: int) -> int | None:
    """Let the world run towards the present, each wish acting in its own time.

    Returns
    -------
    int or None
        Run time of the last contact on the way, in us.
    """
    touched_us = None
    most_us = max(whole(_MOST_US, step_us), step_us)
    to_us = min(whole(now_us, step_us), plant.t_us + most_us)
    while plant.t_us < to_us:
        values, until_us = wishes.at(plant.t_us)
        end_us = max(whole(until_us, step_us), plant.t_us + step_us)
        plant.command(np.array(values, np.float32))
        plant.advance(min(end_us, to_us))
        if plant.touching():
            touched_us = plant.t_us
    return touched_us
