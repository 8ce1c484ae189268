"""``neuroloop bench motion``: gratings and bars through the user's own run file and loop."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuroloop.config import runfile
from neuroloop.core.errors import ConfigError
from neuroloop.engine.op import Units
from neuroloop.report.trace import Trace
from neuroloop.runtime.episode import End
from neuroloop.runtime.loop import Loop
from neuroloop.runtime.session import played

DIRECTIONS = ("left", "right", "up", "down")
"""the groups of the population ``motion``, in this order"""
SHAPES = ("grating", "bar")
POPULATION = "motion"


@dataclass(frozen=True, eq=False)
class Result:
    """One stimulus."""

    shape: str
    speed: float
    """pixels a second"""
    direction: str
    votes: NDArray[np.int64]
    """spikes of each group, ``int64[4]``"""

    @property
    def answer(self) -> str | None:
        """The direction with most spikes; None where there is none."""
        return DIRECTIONS[int(self.votes.argmax())] if self.votes.any() else None

    @property
    def right(self) -> bool:
        """Whether that is the direction of the stimulus."""
        return self.answer == self.direction


def measure(
    speeds: Sequence[float], changes: Sequence[str], done: Callable[[Result], None]
) -> list[Result]:
    """Show a grating and a bar in each direction at each speed."""
    results = []
    for shape in SHAPES:
        for speed in speeds:
            for direction in DIRECTIONS:
                votes = _votes(shape, speed, direction, changes)
                results.append(Result(shape, speed, direction, votes))
                done(results[-1])
    return results


def votes_of(trace: Trace) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return seconds and group of every spike of the population that tells the direction.

    Raises
    ------
    ConfigError
        Where the network has no such population of four equal groups.
    """
    units = [o.n for o in trace.outlets if isinstance(o, Units) and o.name == POPULATION]
    size = units[0] if units else 0
    if not size or size % len(DIRECTIONS):
        raise ConfigError(
            f'motion: the network needs a population "{POPULATION}" of four equal groups,'
            f" {', '.join(DIRECTIONS)}"
        )
    t_s, unit = trace.spikes().get(POPULATION, (np.empty(0, np.float32), np.empty(0, np.uint32)))
    return t_s, unit.astype(np.int64) * len(DIRECTIONS) // size


def _votes(shape: str, speed: float, direction: str, changes: Sequence[str]) -> NDArray[np.int64]:
    traces: list[Trace] = []

    def look(loop: Loop) -> Sequence[Trace]:
        traces.append(Trace(loop))
        return traces

    stimulus = (
        f'{{ kind = "neuroloop.bench.motion.stimulus", direction = "{direction}",'
        f' speed = {float(speed)}, shape = "{shape}" }}'
    )
    run = runfile.load("motion", [f"sensor.camera={stimulus}", *changes])
    with played(run, look) as session:
        if session.loop.episode.end is End.STOPPED:
            raise KeyboardInterrupt
    groups = votes_of(traces[0])[1]
    return np.bincount(groups, minlength=len(DIRECTIONS)).astype(np.int64)
